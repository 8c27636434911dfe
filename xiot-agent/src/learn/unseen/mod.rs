//! How much of what a device does was never seen, from how often the rest was.
//!
//! An observed hour is a sample: the set of conversations that the device had in it. Good's estimate of the share of what was not seen yet is
//! that of what was seen in one hour only (I. J. Good, The population frequencies of species, Biometrika 40, 1953), here with the correction
//! for samples of sets by A. Chao and L. Jost (Coverage-based rarefaction and extrapolation, Ecology 93, 2012). Its interval is that of
//! W. W. Esty (A normal limit law for a nonparametric estimator of the coverage of a random sample, Annals of Statistics 11, 1983); where nothing
//! was seen once only, its upper end is the rule of three.
//!
//! The estimate takes hours to be alike. What comes with the seasons of a ward, such as weekends and changes of shift, it can't know before it
//! was there once: that is what gaps of coverage tell beside it.

/// Quantile of the normal distribution for an interval of 95 %.
const Z: f64 = 1.96;

/// How often conversations of a device were seen, in hours.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Incidence {
    /// Hours in which the device was observed.
    pub hours: u32,
    /// Conversations that were seen in one of them.
    pub once: u32,
    /// In two of them.
    pub twice: u32,
    /// The sum over all conversations of the hours in which they were seen.
    pub total: u64,
}

/// The share of what a device does that was not seen yet: of all pairs of an hour and a conversation in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unseen {
    /// The estimate.
    pub share: f64,
    /// Lower end of its interval of 95 %.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// A share for people, in thousandths: never less than it is.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share is between 0 and 1"
)]
pub fn thousandths(share: f64) -> u32 {
    (share * 1000.0).ceil() as u32
}

impl Incidence {
    /// From the hours of each conversation.
    pub fn of(hours: u32, conversations: impl IntoIterator<Item = u32>) -> Self {
        let mut incidence = Self {
            hours,
            ..Self::default()
        };
        for seen in conversations {
            match seen {
                1 => incidence.once += 1,
                2 => incidence.twice += 1,
                _ => {}
            }
            incidence.total += u64::from(seen);
        }
        incidence
    }

    /// The share of what was not seen yet. All of it where nothing was seen at all.
    pub fn unseen(&self) -> Unseen {
        if self.total == 0 || self.hours == 0 {
            return Unseen {
                share: 1.0,
                low: 0.0,
                high: 1.0,
            };
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "shares are told to three digits, and hours of a century have six"
        )]
        let total = self.total as f64;
        let (once, twice) = (f64::from(self.once), f64::from(self.twice));
        let others = f64::from(self.hours - 1) * once;
        // With one hour alone, or nothing seen twice, the correction is none.
        let corrected = if twice > 0.0 && others > 0.0 {
            others / (others + 2.0 * twice)
        } else {
            1.0
        };
        let share = once / total * corrected;
        let deviation = (once * (1.0 - once / total) + 2.0 * twice).sqrt() / total;
        let high = (share + Z * deviation).max(3.0 / total);
        Unseen {
            share,
            low: (share - Z * deviation).max(0.0),
            high: high.min(1.0),
        }
    }

    /// How many conversations nobody saw yet come to light in so many further hours, as far as these hours tell (Chao and others, Rarefaction and
    /// extrapolation with Hill numbers, Ecological Monographs 84, 2014, eq. 18). Good for up to twice the hours that were observed.
    pub fn new_within(&self, hours: u32) -> f64 {
        if self.hours == 0 || self.once == 0 {
            return 0.0;
        }
        let (once, twice) = (f64::from(self.once), f64::from(self.twice));
        let observed = f64::from(self.hours);
        let scale = (observed - 1.0) / observed;
        // Chao's lower bound of the conversations that nobody saw.
        let never = if self.twice > 0 {
            scale * once * once / (2.0 * twice)
        } else {
            scale * once * (once - 1.0) / 2.0
        };
        if never <= 0.0 {
            // One conversation, seen once: it comes as often again.
            return once / observed * f64::from(hours).min(observed);
        }
        let again = 1.0 - once / (observed * never + once);
        never * (1.0 - again.powf(f64::from(hours)))
    }
}

#[cfg(test)]
mod tests;
