//! Why the program could not be loaded, in terms of what the operator can do about it.

use std::{fmt, io};

use aya::{EbpfError, maps::MapError, programs::ProgramError};

use super::capability::{self, Capability};

/// Lines of the verifier's log that are kept: the last ones say what is wrong.
const LOG_LINES: usize = 20;

/// The program could not be loaded. Nothing was attached.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The kernel does not let us.
    #[error("no permission to load BPF programs: {}", Missing(missing))]
    Privileges {
        /// What this process lacks; nothing: it has everything, but perhaps only within a user namespace.
        missing: Vec<Capability>,
        /// The kernel's answer.
        source: io::Error,
    },
    /// A map could not be made.
    #[error("could not create map {map} ({bytes} bytes)")]
    Map {
        /// Its name.
        map: String,
        /// About how much memory it wants.
        bytes: u64,
        /// The kernel's answer.
        source: io::Error,
    },
    /// The kernel's verifier refused the program.
    #[error(
        "the kernel refused the XDP program{}; its log ends:\n{}",
        Processed(*instructions),
        log.join("\n")
    )]
    Rejected {
        /// Last lines of the verifier's log.
        log: Vec<String>,
        /// Instructions that it looked at before it gave up.
        instructions: Option<u32>,
        /// The kernel's answer.
        source: io::Error,
    },
    /// The kernel does not know something that the program needs.
    #[error("this kernel does not support {feature}")]
    Unsupported {
        /// What it lacks.
        feature: &'static str,
        /// The kernel's answer.
        source: io::Error,
    },
    /// The object file is not one of ours, or broken.
    #[error("the BPF object can't be used")]
    Object(#[source] Box<EbpfError>),
    /// The object has no such program.
    #[error("the BPF object has no XDP program named {0}")]
    NoProgram(&'static str),
    /// The object has no such map, or one of another shape.
    #[error("the BPF object has no usable map {map}")]
    NoMap {
        /// Its name.
        map: &'static str,
        /// What is wrong with it; nothing: there is none.
        source: Option<MapError>,
    },
    /// A map could not be filled.
    #[error(transparent)]
    Fill(MapAccessError),
    /// A map could not be mapped into memory.
    #[error("could not map {map} into memory")]
    Mapping {
        /// Its name.
        map: &'static str,
        /// The kernel's answer.
        source: io::Error,
    },
    /// The kernel gives no random numbers.
    #[error("could not get random numbers")]
    Random(#[source] io::Error),
    /// The number of CPUs is not known.
    #[error("could not read {path}")]
    Cpus {
        /// Where it should stand.
        path: &'static str,
        /// Why it could not be read.
        source: io::Error,
    },
    /// Wanted sizes that no map can have.
    #[error("{what} of {wanted} are more than a map can hold")]
    TooLarge {
        /// What there are too many of.
        what: &'static str,
        /// How many.
        wanted: u64,
    },
}

/// A map could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("could not access map {map}")]
pub struct MapAccessError {
    /// Its name.
    pub map: &'static str,
    /// Why not.
    #[source]
    pub source: MapError,
}

struct Missing<'a>(&'a [Capability]);

impl fmt::Display for Missing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str(
                "the process has the capabilities, but perhaps only within a user namespace",
            );
        }
        f.write_str("run as root, or grant")?;
        for (n, capability) in self.0.iter().enumerate() {
            write!(f, "{} {capability}", if n == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

struct Processed(Option<u32>);

impl fmt::Display for Processed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(count) => write!(f, " after {count} instructions"),
            None => Ok(()),
        }
    }
}

impl LoadError {
    /// From what aya says when the maps are made. `bytes` estimates the size of a map by name.
    pub(super) fn from_load(error: EbpfError, bytes: impl Fn(&str) -> u64) -> Self {
        match error {
            EbpfError::MapError(MapError::CreateError { name, io_error }) => {
                // Without the rights the kernel may also call an argument invalid: it looks at the type
                // information first, which we were not let to load.
                if io_error.kind() == io::ErrorKind::PermissionDenied
                    || !capability::missing().is_empty()
                {
                    Self::privileges(io_error)
                } else {
                    Self::Map {
                        bytes: bytes(&name),
                        map: name,
                        source: io_error,
                    }
                }
            }
            other @ (EbpfError::FileError { .. }
            | EbpfError::UnexpectedPinningType { .. }
            | EbpfError::ParseError(_)
            | EbpfError::BtfError(_)
            | EbpfError::RelocationError(_)
            | EbpfError::BtfRelocationError(_)
            | EbpfError::NoBTF
            | EbpfError::MapError(_)
            | EbpfError::ProgramError(_)) => Self::Object(Box::new(other)),
        }
    }

    /// From what aya says when the program is verified.
    pub(super) fn from_program(error: ProgramError) -> Self {
        let ProgramError::LoadError {
            io_error,
            verifier_log,
        } = error
        else {
            return Self::Object(Box::new(EbpfError::ProgramError(error)));
        };
        let (log, instructions) = tail(&verifier_log.to_string());
        // Without a log the verifier never ran. With one EPERM (and EACCES, as aya reports it) is its verdict.
        match io_error.raw_os_error() {
            Some(libc::EPERM) if log.is_empty() => Self::privileges(io_error),
            Some(libc::EINVAL | libc::E2BIG) if log.is_empty() => Self::Unsupported {
                feature: "this kind of XDP program",
                source: io_error,
            },
            _ => Self::Rejected {
                log,
                instructions,
                source: io_error,
            },
        }
    }

    fn privileges(source: io::Error) -> Self {
        Self::Privileges {
            missing: capability::missing(),
            source,
        }
    }
}

/// The last lines of the verifier's log, and how many instructions it says were processed.
fn tail(log: &str) -> (Vec<String>, Option<u32>) {
    let lines: Vec<&str> = log.lines().filter(|line| !line.is_empty()).collect();
    let instructions = lines.iter().rev().find_map(|line| {
        let count = line.strip_prefix("processed ")?;
        count.split(' ').next()?.parse().ok()
    });
    let skipped = lines.len().saturating_sub(LOG_LINES);
    let kept = lines.into_iter().skip(skipped).map(str::to_owned).collect();
    (kept, instructions)
}

#[cfg(test)]
mod tests {
    use super::{LOG_LINES, Missing, tail};
    use crate::datapath::Capability;

    #[test]
    fn keeps_the_end_of_a_long_log() {
        let mut log = "12: (b7) r0 = 0\n".repeat(100);
        log.push_str("R1 invalid mem access\nprocessed 812 insns (limit 1000000)\n\n");
        let (lines, instructions) = tail(&log);
        assert_eq!(lines.len(), LOG_LINES);
        assert_eq!(lines[LOG_LINES - 2], "R1 invalid mem access");
        assert_eq!(instructions, Some(812));
    }

    #[test]
    fn takes_a_log_without_figures() {
        assert_eq!(tail(""), (vec![], None));
        let (lines, instructions) = tail("processed many insns\n");
        assert_eq!((lines.len(), instructions), (1, None));
    }

    #[test]
    fn says_what_to_grant() {
        let some = [Capability::NetAdmin, Capability::Bpf];
        assert_eq!(
            Missing(&some).to_string(),
            "run as root, or grant CAP_NET_ADMIN, CAP_BPF"
        );
        assert!(Missing(&[]).to_string().contains("user namespace"));
    }
}
