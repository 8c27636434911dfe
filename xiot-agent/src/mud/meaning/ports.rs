//! Ports of an entry: comparisons become ranges (RFC 8519, `port-range-or-operator`).

use super::{conversation::Ports, reason::Reason};
use crate::{mud::file, unit::port};

/// The ranges of ports that are meant; none: every port.
pub(super) fn ranges(ports: Option<&file::Ports>) -> Result<Vec<Ports>, Reason> {
    let Some(ports) = ports else {
        return Ok(Vec::new());
    };
    let found = match ports {
        file::Ports::Range {
            lower_port,
            upper_port,
            ..
        } => vec![(*lower_port, *upper_port)],
        file::Ports::One { operator, port } => match operator.as_deref().unwrap_or("eq") {
            "eq" => vec![(*port, *port)],
            // `lt` and `gt` are words of drafts.
            "lte" => vec![(0, *port)],
            "lt" => port
                .checked_sub(1)
                .map(|last| (0, last))
                .into_iter()
                .collect(),
            "gte" => vec![(*port, u16::MAX)],
            "gt" => port
                .checked_add(1)
                .map(|first| (first, u16::MAX))
                .into_iter()
                .collect(),
            "neq" => {
                let below = port.checked_sub(1).map(|last| (0, last));
                let above = port.checked_add(1).map(|first| (first, u16::MAX));
                below.into_iter().chain(above).collect()
            }
            other => return Err(Reason::Ports(format!("{other} {port}"))),
        },
    };
    let mut ranges: Vec<_> = found
        .iter()
        .filter_map(|(low, high)| {
            // Port 0 is nobody's.
            let low = (*low).max(1);
            (low <= *high).then_some(Ports { low, high: *high })
        })
        .collect();
    if ranges.is_empty() {
        return Err(Reason::Ports(said(ports)));
    }
    if ranges
        == [Ports {
            low: 1,
            ..Ports::ANY
        }]
    {
        ranges.clear();
    }
    Ok(ranges)
}

/// As the file says it.
fn said(ports: &file::Ports) -> String {
    match ports {
        file::Ports::Range {
            lower_port,
            upper_port,
            ..
        } => format!("{lower_port}-{upper_port}"),
        file::Ports::One { operator, port } => {
            format!("{} {port}", operator.as_deref().unwrap_or("eq"))
        }
    }
}

/// Ranges as people write them.
pub(super) fn label(ranges: &[Ports]) -> String {
    let one = |ports: &Ports| port::format(&(ports.low..=ports.high));
    ranges.iter().map(one).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(operator: Option<&str>, port: u16) -> Result<Vec<Ports>, Reason> {
        ranges(Some(&file::Ports::One {
            operator: operator.map(str::to_owned),
            port,
        }))
    }

    fn range(low: u16, high: u16) -> Ports {
        Ports { low, high }
    }

    #[test]
    fn comparisons_are_ranges() {
        for (operator, port, expected) in [
            (None, 80, vec![range(80, 80)]),
            (Some("eq"), 80, vec![range(80, 80)]),
            (Some("lte"), 80, vec![range(1, 80)]),
            (Some("lt"), 80, vec![range(1, 79)]),
            (Some("gte"), 80, vec![range(80, 65535)]),
            (Some("gt"), 80, vec![range(81, 65535)]),
            (Some("neq"), 80, vec![range(1, 79), range(81, 65535)]),
            (Some("neq"), 1, vec![range(2, 65535)]),
            (Some("neq"), 65535, vec![range(1, 65534)]),
            (Some("gte"), 0, vec![]),
            (Some("lte"), 65535, vec![]),
            (Some("neq"), 0, vec![]),
        ] {
            assert_eq!(one(operator, port), Ok(expected), "{operator:?} {port}");
        }
        assert_eq!(ranges(None), Ok(vec![]));
    }

    #[test]
    fn what_no_port_is_says_so() {
        for (operator, port) in [("eq", 0), ("lt", 1), ("lt", 0), ("gt", 65535), ("like", 80)] {
            let error = one(Some(operator), port).unwrap_err();
            assert_eq!(error, Reason::Ports(format!("{operator} {port}")));
        }
        let reversed = file::Ports::Range {
            lower_port: 9,
            upper_port: 8,
            operator: None,
        };
        assert_eq!(
            ranges(Some(&reversed)),
            Err(Reason::Ports("9-8".to_owned()))
        );
    }
}
