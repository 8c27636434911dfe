//! Medians and how far figures are spread.

use serde::Serialize;

/// Middle of several figures, and the half of them that is around it.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Spread {
    /// As many are below as above.
    pub(crate) median: f64,
    /// A quarter is below.
    pub(crate) lower: f64,
    /// A quarter is above.
    pub(crate) upper: f64,
}

impl Spread {
    /// Of these.
    pub(crate) fn of(values: &[f64]) -> Self {
        let mut values = values.to_vec();
        values.sort_by(f64::total_cmp);
        Self {
            median: quantile(&values, 1, 2),
            lower: quantile(&values, 1, 4),
            upper: quantile(&values, 3, 4),
        }
    }
}

/// Of sorted values. Between two it is their mean.
fn quantile(sorted: &[f64], part: usize, of: usize) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let at = last * part;
    let (low, high) = (at / of, at.div_ceil(of));
    f64::midpoint(sorted[low], sorted[high])
}

/// One divided by the other, round by round.
pub(crate) fn over(these: &[f64], those: &[f64]) -> Vec<f64> {
    these.iter().zip(those).map(|(a, b)| a / b).collect()
}

/// One less the other, round by round.
pub(crate) fn less(these: &[f64], those: &[f64]) -> Vec<f64> {
    these.iter().zip(those).map(|(a, b)| a - b).collect()
}
