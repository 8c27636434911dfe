//! Errors of the service as clients are told.

use crate::{
    api::{
        server::UNANSWERED,
        wire::{Refusal, RefusalCode},
    },
    propose::ProposeError,
    service::{
        compare::CompareError, decide::DecideError, explain::ExplainError, handle::SourceError,
        learner::ProposalError, promotion::PromotionError, reload::ReloadError,
    },
};

pub(super) fn refusal(error: SourceError) -> Refusal {
    let code = code(&error);
    let message = if code == RefusalCode::Failed {
        let error = anyhow::Error::new(error);
        UNANSWERED.write(|| tracing::error!("a request could not be answered: {error:#}"));
        format!("{error:#}")
    } else {
        error.to_string()
    };
    Refusal { code, message }
}

fn code(error: &SourceError) -> RefusalCode {
    match error {
        SourceError::Explain(ExplainError::Query(_))
        | SourceError::Reload(
            ReloadError::File(_)
            | ReloadError::NoRevision(_)
            | ReloadError::NothingBefore
            | ReloadError::NoTrial,
        )
        | SourceError::Decide(DecideError::UnknownDevice(_) | DecideError::NothingDecided(_))
        | SourceError::UnknownDevice(_) => RefusalCode::NotFound,
        SourceError::Proposal(error) => match **error {
            ProposalError::Findings(_)
            | ProposalError::Propose(ProposeError::Edit(_) | ProposeError::Broken(_)) => {
                RefusalCode::BadFiles
            }
            ProposalError::NoMac(_) | ProposalError::OneProfile => RefusalCode::BadRequest,
            ProposalError::Unknown(_)
            | ProposalError::Nothing(_)
            | ProposalError::Listed { .. }
            | ProposalError::Propose(ProposeError::NoProfile(_)) => RefusalCode::NotFound,
            ProposalError::Store(_) => RefusalCode::Failed,
        },
        SourceError::Compare(error) => match error {
            CompareError::UnknownProfile { .. }
            | CompareError::NoDevices(_)
            | CompareError::UnknownDevice(_)
            | CompareError::Unlisted(_) => RefusalCode::NotFound,
            CompareError::OtherProfile { .. } | CompareError::Whose(_) => RefusalCode::BadRequest,
            CompareError::Compile(_) => RefusalCode::BadFiles,
        },
        SourceError::Promotion(error) => match error {
            PromotionError::UnknownDevice(_) | PromotionError::Unknown { .. } => {
                RefusalCode::NotFound
            }
            PromotionError::Nobody | PromotionError::Nothing(_) => RefusalCode::BadRequest,
            PromotionError::OtherFile(_) => RefusalCode::Conflict,
            PromotionError::Edit(_) => RefusalCode::BadFiles,
        },
        SourceError::Decide(DecideError::LifeSustaining(_)) => RefusalCode::NeedsOverride,
        SourceError::Decide(
            DecideError::VlansOfListed(_)
            | DecideError::Group(_)
            | DecideError::Span
            | DecideError::NoReason(_),
        ) => RefusalCode::BadRequest,
        SourceError::Reload(
            ReloadError::Findings(_)
            | ReloadError::Gateway { .. }
            | ReloadError::Guards { .. }
            | ReloadError::Compile { .. },
        ) => RefusalCode::BadFiles,
        SourceError::Reload(ReloadError::OnTrial { .. } | ReloadError::Moved { .. }) => {
            RefusalCode::Conflict
        }
        SourceError::Explain(_)
        | SourceError::Reload(
            ReloadError::Apply(_)
            | ReloadError::Maps(_)
            | ReloadError::Scratch(_)
            | ReloadError::NotKept(_)
            | ReloadError::NoWayBack(_)
            | ReloadError::Ending,
        )
        | SourceError::Decide(DecideError::Maps(_) | DecideError::Ending)
        | SourceError::Datapath(_)
        | SourceError::NotLearned(_)
        | SourceError::Gone => RefusalCode::Failed,
    }
}
