//! What to start with: the last revision that is known to be good, before anything else; the files where there is none.

use std::path::Path;

use super::{
    auditor::Auditor,
    clock::Now,
    files::{self, Both, Checked, FileError, Paths, Seen},
    keeper::{Attached, Keeper},
    reload::Candidate,
};
use crate::{
    compile::Stamp,
    datapath,
    model::{self, Loaded, gateway::Gateway},
    store::{OpenError, Record, Texts},
};

/// There is nothing to start with.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// A file can't be read, and nothing is known to be good.
    #[error(transparent)]
    File(#[from] FileError),
    /// Another agent has the state directory.
    #[error(transparent)]
    State(#[from] OpenError),
}

/// What to start with.
#[derive(Debug)]
pub struct Boot {
    /// What is wrong with it, and what it says.
    pub checked: Checked,
    /// Where it was kept.
    pub kept: Kept,
}

/// What is known of the revisions.
#[derive(Debug)]
pub struct Kept {
    /// Keeps them.
    pub keeper: Keeper,
    /// Notes what was done.
    pub auditor: Auditor,
    /// That which the agent starts with; none: it starts with the files.
    pub record: Option<Record>,
    /// What of the files is another than when that was put in force: the first that can be used is loaded once that is.
    pub catch_up: Vec<Candidate>,
}

/// Looks what there is to start with.
pub fn boot(paths: &Paths, state: &Path, now: Now) -> Result<Boot, BootError> {
    let mut keeper = Keeper::open(state)?;
    let auditor = Auditor::open(state);
    let gateway = files::read_gateway(&paths.gateway);
    let gateway = gateway.as_ref().ok();
    let known = keeper.known_good(|texts| attached(gateway, texts));
    let Some((record, texts)) = known else {
        let number = keeper.next_number(0);
        return Ok(Boot {
            checked: from_files(paths, number, now)?,
            kept: Kept {
                keeper,
                auditor,
                record: None,
                catch_up: Vec::new(),
            },
        });
    };
    let catch_up = catch_up(&Seen::look(paths), &record.seen);
    let policy = || model::load_policy(&record.policy.file, texts.policy.as_bytes());
    let stamp = Stamp {
        revision: record.number,
        compiled_at: record.compiled_at,
    };
    if let Some(gateway) = gateway {
        let checked = Both::of(gateway.clone(), policy()).start(paths, stamp);
        if checked.files.is_ok() {
            return Ok(Boot::known(checked, keeper, auditor, record, catch_up));
        }
        // The gateway became another that this policy does not fit: the files may fit each other.
        let number = keeper.next_number(0);
        if let Ok(checked) = from_files(paths, number, now)
            && checked.files.is_ok()
        {
            return Ok(Boot {
                checked,
                kept: Kept {
                    keeper,
                    auditor,
                    record: None,
                    catch_up: Vec::new(),
                },
            });
        }
    }
    let gateway = model::load_gateway(&record.gateway.file, texts.gateway.as_bytes());
    let checked = Both::of(gateway, policy()).start(paths, stamp);
    Ok(Boot::known(checked, keeper, auditor, record, catch_up))
}

impl Boot {
    fn known(
        checked: Checked,
        keeper: Keeper,
        auditor: Auditor,
        record: Record,
        catch_up: Vec<Candidate>,
    ) -> Self {
        Self {
            checked,
            kept: Kept {
                keeper,
                auditor,
                record: Some(record),
                catch_up,
            },
        }
    }
}

/// What to load of files that are these now and were those when the policy in force was put there. The agent starts with the gateway file as it
/// is: with a policy file that can't be used, too, there is to be a revision of that.
fn catch_up(now: &Seen, then: &[String; 2]) -> Vec<Candidate> {
    let news = Candidate::of_news(now, then);
    let has_gateway = news == Some(Candidate::Files) && now.0[0] != then[0];
    let gateway = has_gateway.then_some(Candidate::Gateway);
    news.into_iter().chain(gateway).collect()
}

fn from_files(paths: &Paths, revision: u64, now: Now) -> Result<Checked, FileError> {
    let stamp = Stamp {
        revision,
        compiled_at: now.epoch_nanos(),
    };
    Ok(files::read_both(paths)?.start(paths, stamp))
}

/// What the kernel has in force, by the gateway file or, where that says nothing, by that of the revision.
fn attached(gateway: Option<&Loaded<Gateway>>, texts: &Texts) -> Option<Attached> {
    let pins = if let Some(gateway) = gateway.and_then(|it| it.value.as_ref()) {
        gateway.pins.clone()
    } else {
        let gateway = model::load_gateway("", texts.gateway.as_bytes());
        gateway.value?.pins
    };
    let left = datapath::look(&pins).ok().flatten()?;
    let header = left.in_force?.header;
    Some(Attached {
        revision: header.revision,
        digest: header.digest,
    })
}
