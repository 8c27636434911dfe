//! "Did you mean": the known name that is nearest to what was written.

/// Names beyond this many are not compared: a suggestion is not worth seconds in a file of 100,000 devices.
const MAX_CANDIDATES: usize = 20_000;

/// Words longer than this are no misspelled names.
const MAX_LENGTH: usize = 128;

/// The candidate nearest to `written`, if one is near enough to be a slip of the finger.
pub fn closest<'c>(
    written: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    if written.len() > MAX_LENGTH {
        return None;
    }
    let written = normal(written);
    let allowed = (written.chars().count() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .take(MAX_CANDIDATES)
        .filter(|candidate| candidate.len().abs_diff(written.len()) <= allowed)
        .map(|candidate| {
            let distance = strsim::damerau_levenshtein(&written, &normal(candidate));
            (distance, candidate)
        })
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Case and the choice between `_`, `-` and space are the commonest slips: they count nothing.
fn normal(word: &str) -> String {
    word.chars()
        .map(|c| match c {
            '_' | ' ' => '-',
            other => other.to_ascii_lowercase(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_name_and_a_stranger_finds_none() {
        let names = ["pump-server", "pacs", "biomed"];
        assert_eq!(closest("pump_server", names), Some("pump-server"));
        assert_eq!(closest("pump-sever", names), Some("pump-server"));
        assert_eq!(closest("Pacs", names), Some("pacs"));
        assert_eq!(closest("modality", names), None);
        assert_eq!(closest("", names), None);
    }
}
