//! The two files: read, checked alone and together, compiled. Touches nothing but them.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    compile::{self, CompileError, Image, Limits},
    diag::Report,
    model::{
        self, Loaded,
        gateway::{Capacity, Gateway},
        policy::Policy,
    },
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

/// What is in force once it is loaded.
#[derive(Clone, Debug)]
pub struct Files {
    /// The gateway.
    pub gateway: Arc<Gateway>,
    /// The policy.
    pub policy: Arc<Policy>,
    /// Names of the wires by index.
    pub wires: Arc<[String]>,
    /// The policy for the kernel.
    pub image: Arc<Image>,
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
    let gateway = read(gateway, model::read_gateway)?;
    let mut policy = read(policy, model::read_policy)?;
    if let Some(gateway) = &gateway.value {
        model::check_pair(gateway, &mut policy);
    }
    let files = match (gateway.value, policy.value) {
        (Some(gateway), Some(policy)) => compile(gateway, policy, compiled_at),
        _ => Err(Unusable::Errors),
    };
    Ok(Checked {
        gateway_report: gateway.report,
        policy_report: policy.report,
        files,
    })
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

fn compile(gateway: Gateway, policy: Policy, compiled_at: u64) -> Result<Files, Unusable> {
    let wires: Vec<_> = gateway.wires.iter().map(|wire| wire.name.clone()).collect();
    let limits = limits(&gateway.capacity);
    let image = compile::compile(&policy, &wires, &limits, FIRST_REVISION, compiled_at)?;
    Ok(Files {
        gateway: Arc::new(gateway),
        policy: Arc::new(policy),
        wires: wires.into(),
        image: Arc::new(image),
    })
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
