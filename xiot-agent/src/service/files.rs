//! The two files: read, checked alone and together, compiled. Touches nothing but them.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    compile::{Assignment, Compilation, CompileError, Fresh, Image, Keyed, Limits, Stamp},
    datapath::Kept,
    diag::{Report, Style},
    model::{
        self, Loaded,
        gateway::{Capacity, Gateway},
        limit::{MAX_GATEWAY_BYTES, MAX_POLICY_BYTES},
        policy::Policy,
    },
    store::{Texts, digest},
};

/// A file can't be read.
#[derive(Debug, thiserror::Error)]
#[error("can't read {}: {source}", path.display())]
pub struct FileError {
    /// The file.
    pub path: PathBuf,
    /// Why not.
    pub source: io::Error,
}

/// Both files after every check that needs no kernel.
#[derive(Debug)]
pub struct Checked {
    /// What is wrong with the gateway file.
    pub gateway_report: Report,
    /// What is wrong with the policy file.
    pub policy_report: Report,
    /// What the files say, or why that can't be used.
    pub files: Result<Files, Unusable>,
}

impl Checked {
    /// What the files say, without their texts and what is wrong with them.
    pub fn into_files(self) -> Result<Files, Unusable> {
        self.files
    }

    /// Both texts.
    pub fn texts(&self) -> Texts {
        Texts {
            gateway: self.gateway_report.shared_text(),
            policy: self.policy_report.shared_text(),
        }
    }
}

/// What is in force once it is loaded.
#[derive(Clone, Debug)]
pub struct Files {
    /// Where they were read from.
    pub paths: Paths,
    /// The gateway.
    pub gateway: Arc<Gateway>,
    /// The policy.
    pub policy: Arc<Policy>,
    /// Names of the wires by index.
    pub wires: Arc<[String]>,
    /// Numbers of its devices and rules.
    pub ids: Arc<Assignment>,
    /// The policy for the kernel.
    pub image: Arc<Image>,
    /// What it takes to compile the policy that follows from what differs. Whoever does that takes it: what follows is
    /// in force before there is a second one, or this one still is and is followed as a whole.
    pub compilation: Arc<Mutex<Option<Compilation>>>,
}

/// The two files.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Paths {
    /// Gateway file.
    pub gateway: PathBuf,
    /// Policy file.
    pub policy: PathBuf,
}

/// Files that can't be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unusable {
    /// The reports say why.
    #[error("the files have errors")]
    Errors,
    /// The policy is fine by itself, but can't be compiled for this gateway.
    #[error(transparent)]
    Compile(#[from] CompileError),
}

/// Reads and checks both files. `compiled_at` is in nanoseconds since the Unix epoch.
pub fn check(gateway: &Path, policy: &Path, compiled_at: u64) -> Result<Checked, FileError> {
    let paths = Paths {
        gateway: gateway.to_owned(),
        policy: policy.to_owned(),
    };
    let stamp = Stamp {
        revision: FIRST_REVISION,
        compiled_at,
    };
    Ok(read_both(&paths)?.start(&paths, stamp))
}

/// SHA-256 of both files as they are, in hexadecimal, that of the gateway file first; empty where one can't be read.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Seen(pub(super) [String; 2]);

impl Seen {
    /// Of what was read of them.
    pub(super) fn of(texts: &Texts) -> Self {
        Self([&texts.gateway, &texts.policy].map(|text| digest(text.as_bytes())))
    }

    /// Looks at them. What is no file, such as a pipe, can't be looked at without taking it from whoever loads it.
    pub(super) fn look(paths: &Paths) -> Self {
        let look = |path: &Path, most| {
            let is_file = fs::metadata(path).is_ok_and(|it| it.is_file());
            let text = is_file.then(|| model::read_text(path, most));
            text.and_then(Result::ok)
                .map_or_else(String::new, |text| digest(&text))
        };
        Self([
            look(&paths.gateway, MAX_GATEWAY_BYTES),
            look(&paths.policy, MAX_POLICY_BYTES),
        ])
    }
}

/// Both files, read and checked.
#[derive(Debug)]
pub(super) struct Both {
    gateway: Loaded<Gateway>,
    policy: Loaded<Policy>,
}

/// Reads and checks both files, alone and together.
pub(super) fn read_both(paths: &Paths) -> Result<Both, FileError> {
    Ok(Both::of(
        read_gateway(&paths.gateway)?,
        read_policy(&paths.policy)?,
    ))
}

impl Both {
    /// What the gateway file says; none if it has errors.
    pub(super) fn gateway(&self) -> Option<&Gateway> {
        self.gateway.value.as_ref()
    }

    /// Two that were read, checked together.
    pub(super) fn of(gateway: Loaded<Gateway>, mut policy: Loaded<Policy>) -> Self {
        if let Some(gateway) = &gateway.value {
            model::check_pair(gateway, &mut policy);
        }
        Self { gateway, policy }
    }

    /// Both texts.
    pub(super) fn texts(&self) -> Texts {
        Texts {
            gateway: self.gateway.report.shared_text(),
            policy: self.policy.report.shared_text(),
        }
    }

    /// What is wrong with them, in words; empty for nothing.
    pub(super) fn findings(&self) -> String {
        let reports = [&self.gateway.report, &self.policy.report];
        reports.map(|report| report.render(Style::Plain)).concat()
    }

    /// Compiles them as the first policy of an agent.
    pub(super) fn start(self, paths: &Paths, stamp: Stamp) -> Checked {
        self.compile(|gateway, policy| {
            let (wires, limits) = (wires(&gateway), limits(&gateway.capacity));
            let compilation = Compilation::fresh(Arc::new(policy), &wires, &limits, stamp)?;
            Ok(files(paths.clone(), gateway, wires, compilation))
        })
    }

    fn compile(self, compile: impl FnOnce(Gateway, Policy) -> Result<Files, Unusable>) -> Checked {
        Checked {
            gateway_report: self.gateway.report,
            policy_report: self.policy.report,
            files: match (self.gateway.value, self.policy.value) {
                (Some(gateway), Some(policy)) => compile(gateway, policy),
                _ => Err(Unusable::Errors),
            },
        }
    }

    /// The same for a look: `before` can be followed as fast as ever.
    pub(super) fn beside(self, before: &Files, stamp: Stamp) -> (Checked, Fresh) {
        let mut fresh = Fresh::default();
        let checked = self.compile(|gateway, policy| {
            let (wires, limits) = (wires(&gateway), limits(&gateway.capacity));
            let (ids, new) = before.ids.follow(&policy, &limits)?;
            let whole = Compilation::whole(Arc::new(policy), &wires, &limits, ids, stamp)?;
            fresh = new;
            Ok(files(before.paths.clone(), gateway, wires, whole))
        });
        (checked, fresh)
    }

    /// Compiles what was read as the policy that follows `before`.
    pub(super) fn follow(
        self,
        before: &Files,
        revision: u64,
        compiled_at: u64,
    ) -> (Checked, Fresh) {
        let mut fresh = Fresh::default();
        let checked = self.compile(|gateway, policy| {
            let (wires, limits) = (wires(&gateway), limits(&gateway.capacity));
            let policy = Arc::new(policy);
            let stamp = Stamp {
                revision,
                compiled_at,
            };
            let last = before.compilation.lock();
            let last = last.unwrap_or_else(PoisonError::into_inner).take();
            let (compilation, new) = if let Some(last) = last {
                last.follow(policy, &wires, &limits, stamp)?
            } else {
                let (ids, new) = before.ids.follow(&policy, &limits)?;
                let whole = Compilation::whole(policy, &wires, &limits, ids, stamp)?;
                (whole, new)
            };
            fresh = new;
            Ok(files(before.paths.clone(), gateway, wires, compilation))
        });
        (checked, fresh)
    }
}

impl Files {
    /// The same, under numbers that follow those which an earlier agent left; with its stamp where that has this very policy in force, or
    /// one that is `known` to be the same revision, whose lines may lie elsewhere.
    pub(super) fn after(&self, kept: &Kept, known: bool) -> Result<(Self, Fresh), CompileError> {
        let limits = limits(&self.gateway.capacity);
        let (ids, fresh) = Assignment::of(&kept.keyed()).follow(&self.policy, &limits)?;
        let (before, wanted) = (&kept.in_force().header, &self.image.header);
        let stamp = Stamp {
            revision: before.revision,
            compiled_at: before.compiled_at,
        };
        let policy = Arc::clone(&self.policy);
        let mut compilation = Compilation::whole(policy, &self.wires, &limits, ids, stamp)?;
        let same = before.revision == wanted.revision && known
            || before.revision >= wanted.revision && compilation.image().header == *before;
        if !same {
            compilation = compilation.stamped(Stamp {
                revision: wanted.revision.max(before.revision + 1),
                compiled_at: wanted.compiled_at,
            });
        }
        let files = Self {
            ids: Arc::clone(compilation.ids()),
            image: Arc::clone(compilation.image()),
            compilation: Arc::new(Mutex::new(Some(compilation))),
            ..self.clone()
        };
        Ok((files, fresh))
    }

    /// The same gateway with another policy, for a look.
    pub(super) fn beside(&self, policy: Policy) -> Result<Self, CompileError> {
        let limits = limits(&self.gateway.capacity);
        let (ids, _) = self.ids.follow(&policy, &limits)?;
        let stamp = Stamp {
            revision: self.image.header.revision,
            compiled_at: self.image.header.compiled_at,
        };
        let policy = Arc::new(policy);
        let compilation = Compilation::whole(policy, &self.wires, &limits, ids, stamp)?;
        Ok(Self {
            policy: Arc::clone(compilation.policy()),
            ids: Arc::clone(compilation.ids()),
            image: Arc::clone(compilation.image()),
            compilation: Arc::new(Mutex::new(Some(compilation))),
            ..self.clone()
        })
    }

    /// What tells devices and rules from each other; none while the policy after this one is compiled.
    pub(super) fn keyed(&self) -> Option<Keyed> {
        let compilation = self.compilation.lock();
        let compilation = compilation.unwrap_or_else(PoisonError::into_inner);
        compilation.as_ref().map(Compilation::keyed)
    }
}

/// Reads and checks a policy alone.
pub fn read_policy(path: &Path) -> Result<Loaded<Policy>, FileError> {
    read(path, model::read_policy)
}

/// Reads an object file.
pub fn read_object(path: &Path) -> Result<Vec<u8>, FileError> {
    fs::read(path).map_err(|source| FileError {
        path: path.to_owned(),
        source,
    })
}

/// Reads and checks a gateway file alone.
pub fn read_gateway(path: &Path) -> Result<Loaded<Gateway>, FileError> {
    read(path, model::read_gateway)
}

fn read<T>(
    path: &Path,
    load: impl FnOnce(&Path) -> io::Result<Loaded<T>>,
) -> Result<Loaded<T>, FileError> {
    load(path).map_err(|source| FileError {
        path: path.to_owned(),
        source,
    })
}

fn wires(gateway: &Gateway) -> Vec<String> {
    let wires = gateway.wires.iter().map(|wire| wire.name.clone());
    wires.collect()
}

fn files(paths: Paths, gateway: Gateway, wires: Vec<String>, compilation: Compilation) -> Files {
    Files {
        paths,
        gateway: Arc::new(gateway),
        policy: Arc::clone(compilation.policy()),
        wires: wires.into(),
        ids: Arc::clone(compilation.ids()),
        image: Arc::clone(compilation.image()),
        compilation: Arc::new(Mutex::new(Some(compilation))),
    }
}

/// Number of the first policy that an agent applies.
const FIRST_REVISION: u64 = 1;

/// What a policy may need on a gateway of this capacity.
pub const fn limits(capacity: &Capacity) -> Limits {
    Limits {
        slot_lines: capacity.slot_lines,
        devices: capacity.devices,
        rules: capacity.rules,
    }
}
