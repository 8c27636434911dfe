//! Devices of which everything is known, observed for a while: how right is the estimate of what was not seen?

use super::*;

/// A generator of numbers that is the same everywhere (xorshift64*).
struct Random(u64);

impl Random {
    fn share(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let bits = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11;
        f64::from(u32::try_from(bits >> 21).unwrap()) / f64::from(u32::MAX)
    }
}

/// Conversations and how probable each is in an hour: few are had each hour, most are rare.
fn device(conversations: u32) -> Vec<f64> {
    (1..=conversations)
        .map(|rank| 1.0 / f64::from(rank).powf(1.1))
        .collect()
}

/// What was seen of a device in so many hours, and the true share of what was not.
fn observe(device: &[f64], hours: u32, random: &mut Random) -> (Incidence, f64) {
    let seen: Vec<u32> = device
        .iter()
        .map(|probable| {
            (0..hours)
                .map(|_| u32::from(random.share() < *probable))
                .sum()
        })
        .collect();
    let unseen = device.iter().zip(&seen).filter(|(_, seen)| **seen == 0);
    let unseen: f64 = unseen.map(|(probable, _)| probable).sum();
    let incidence = Incidence::of(hours, seen);
    (incidence, unseen / device.iter().sum::<f64>())
}

#[test]
fn the_truth_is_mostly_in_the_interval_and_the_estimate_near_it() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for (conversations, hours) in [(30, 48), (60, 24), (200, 168), (200, 24)] {
        let device = device(conversations);
        let runs: Vec<_> = (0..400)
            .map(|_| observe(&device, hours, &mut random))
            .collect();
        let within = runs.iter().filter(|(incidence, truth)| {
            let Unseen { low, high, .. } = incidence.unseen();
            (low..=high).contains(truth)
        });
        let within = within.count();
        assert!(within >= 360, "{conversations}, {hours}: {within} of 400");
        let mean = |of: &dyn Fn(&(Incidence, f64)) -> f64| runs.iter().map(of).sum::<f64>() / 400.0;
        let (estimate, truth) = (
            mean(&|(seen, _)| seen.unseen().share),
            mean(&|(_, truth)| *truth),
        );
        assert!(
            (estimate - truth).abs() < 0.1 * truth + 0.002,
            "{conversations}, {hours}: {estimate} instead of {truth}"
        );
    }
}

#[test]
fn as_many_new_conversations_come_as_were_expected() {
    let mut random = Random(7);
    let device = device(200);
    let (mut expected, mut came) = (0.0, 0);
    for _ in 0..200 {
        let seen: Vec<[u32; 2]> = device
            .iter()
            .map(|probable| {
                [48, 72].map(|hours| {
                    (0..hours)
                        .map(|_| u32::from(random.share() < *probable))
                        .sum()
                })
            })
            .collect();
        let before = Incidence::of(48, seen.iter().map(|[before, _]| *before));
        expected += before.new_within(72);
        came += seen
            .iter()
            .filter(|[before, after]| *before == 0 && *after > 0)
            .count();
    }
    let came = f64::from(u32::try_from(came).unwrap());
    // The estimate of what was never seen is a lower bound.
    assert!(
        expected < 1.05 * came && expected > 0.75 * came,
        "{expected} expected, {came} came"
    );
}

#[test]
fn nothing_seen_is_nothing_known() {
    for nothing in [Incidence::of(0, []), Incidence::of(100, [])] {
        let Unseen { share, low, high } = nothing.unseen();
        assert_eq!((share, low, high), (1.0, 0.0, 1.0));
    }
}

#[test]
fn where_nothing_was_seen_once_only_the_rule_of_three_holds() {
    let unseen = Incidence::of(100, [100, 100, 50, 50]).unseen();
    assert_eq!((unseen.share, unseen.low), (0.0, 0.0));
    assert!((unseen.high - 0.01).abs() < 1e-12, "{unseen:?}");
}

#[test]
fn one_hour_in_which_all_was_new_tells_nothing() {
    let unseen = Incidence::of(1, [1, 1, 1]).unseen();
    assert_eq!((unseen.share, unseen.high), (1.0, 1.0));
}

#[test]
fn more_hours_never_bring_fewer_new_conversations() {
    for incidence in [
        Incidence::of(10, [1]),
        Incidence::of(10, [1, 1, 1]),
        Incidence::of(10, [1, 1, 2, 10]),
        Incidence::of(1, [1, 1]),
    ] {
        let more: Vec<_> = (0..50).map(|hours| incidence.new_within(hours)).collect();
        assert!(more.is_sorted(), "{incidence:?}: {more:?}");
        assert!(more[0].abs() < 1e-9);
    }
}
