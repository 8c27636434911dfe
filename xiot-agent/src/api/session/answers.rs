//! What is asked, and where the answer comes from.

use super::{Asked, refusal::refusal};
use crate::{
    api::{
        auth,
        convert::{self, DropFilter},
        wire::{
            Answer, Ask, CompareQuery, DropsQuery, LearnedQuery, NamesQuery, PromotionQuery,
            ProposeQuery, Refusal, RefusalCode, SimulateQuery, Texts,
        },
    },
    service::{
        handle::Handle,
        reload::{Change, Occasion},
        state,
    },
    store::Author,
};
use tokio::task::spawn_blocking;

pub(super) async fn answers(
    handle: &Handle,
    Asked { ask, body, uid }: Asked,
) -> Result<Replies, Refusal> {
    Ok(match ask {
        Ask::Status => {
            let status = handle.status().await.map_err(refusal)?;
            one(Answer::Status(Box::new(convert::status(&status))))
        }
        Ask::Devices => {
            let devices = handle.devices().await.map_err(refusal)?;
            each(devices, |device| {
                Answer::Device(Box::new(convert::device(device)))
            })
        }
        Ask::Flows(query) => {
            handle.know(query.device.clone()).await.map_err(refusal)?;
            let flows = handle.flows(convert::filter(query)).await;
            selected(flows.map_err(refusal)?, |flow| {
                Answer::Flow(Box::new(convert::flow(flow)))
            })
        }
        Ask::Observed(query) => {
            handle.know(query.device.clone()).await.map_err(refusal)?;
            let observed = handle.observed(convert::observed_filter(query)).await;
            selected(observed.map_err(refusal)?, |observed| {
                Answer::Observed(Box::new(convert::observed(observed)))
            })
        }
        Ask::Learned(query) => learned(handle, query).await?,
        Ask::Propose(query) => proposed(handle, query).await?,
        Ask::Simulate(query) => simulated(handle, query, body).await?,
        Ask::Compare(query) => compared(handle, query, body).await?,
        Ask::Promotion(query) => promoted(handle, query).await?,
        Ask::Bindings(query) => {
            handle.know(query.device.clone()).await.map_err(refusal)?;
            let bindings = handle.bindings(convert::binding_filter(query)).await;
            selected(bindings.map_err(refusal)?, |binding| {
                Answer::Binding(Box::new(convert::binding(binding)))
            })
        }
        Ask::Names(query) => names(handle, query).await?,
        Ask::Drops(query) => {
            let filter = drop_filter(handle, &query).await?;
            let drops = handle.recent_drops(filter.since());
            each(
                drops.into_iter().filter(move |drop| filter.wants(drop)),
                |drop| Answer::Drop(Box::new(convert::drop(&drop))),
            )
        }
        Ask::Reload => {
            let change = Change {
                author: author(uid).await,
                ..Change::files(Occasion::Reload)
            };
            reloaded(handle, change).await?
        }
        Ask::Plan(candidate) => {
            let candidate = convert::candidate(candidate, body).map_err(bad_request)?;
            let plan = handle.plan(candidate).await;
            one(Answer::Plan(Box::new(convert::plan(
                plan.map_err(refusal)?,
            ))))
        }
        Ask::Change(change) => {
            let author = author(uid).await;
            let change = convert::change(change, body, author).map_err(bad_request)?;
            reloaded(handle, change).await?
        }
        Ask::Confirm => {
            let record = handle.confirm(author(uid).await).await.map_err(refusal)?;
            one(Answer::Revision(Box::new(convert::revision(record))))
        }
        Ask::History(query) => {
            let history = handle.history(query.limit.unwrap_or(usize::MAX)).await;
            selected(history.map_err(refusal)?, |record| {
                Answer::Revision(Box::new(convert::revision(record)))
            })
        }
        Ask::Texts(query) => {
            let texts = handle.texts(query.revision).await.map_err(refusal)?;
            one(Answer::Texts(Box::new(Texts {
                gateway: texts.gateway.to_string(),
                policy: texts.policy.to_string(),
            })))
        }
        Ask::Decide(decide) => {
            let wish = convert::wish(decide, author(uid).await).map_err(bad_request)?;
            let decided = handle.decide(wish).await.map_err(refusal)?;
            one(Answer::Decided(Box::new(convert::decided(&decided))))
        }
        Ask::Explain(query) => {
            let query = convert::query(query).map_err(|error| Refusal {
                code: RefusalCode::BadRequest,
                message: error.to_string(),
            })?;
            let explanation = handle.explain(query).await.map_err(refusal)?;
            one(Answer::Explanation(Box::new(convert::explanation(
                &explanation,
            ))))
        }
    })
}

type Replies = Box<dyn Iterator<Item = Answer> + Send>;

async fn learned(handle: &Handle, query: LearnedQuery) -> Result<Replies, Refusal> {
    handle.know(query.device.clone()).await.map_err(refusal)?;
    let learned = handle.learned(query.device).await.map_err(refusal)?;
    let devices = each(learned.devices, |device| {
        Answer::LearnedDevice(Box::new(convert::learned_device(device)))
    });
    let conversations = each(learned.conversations, |seen| {
        Answer::LearnedConversation(Box::new(convert::learned_conversation(seen)))
    });
    Ok(Box::new(devices.chain(conversations)))
}

async fn proposed(handle: &Handle, query: ProposeQuery) -> Result<Replies, Refusal> {
    let proposal = handle.propose(convert::wanted(query)).await;
    let proposal = convert::proposal(proposal.map_err(refusal)?);
    Ok(one(Answer::Proposal(Box::new(proposal))))
}

async fn promoted(handle: &Handle, query: PromotionQuery) -> Result<Replies, Refusal> {
    let wanted = convert::promotion_wanted(query).map_err(bad_request)?;
    let promotion = handle.promotion(wanted).await.map_err(refusal)?;
    let promotion = convert::promotion(promotion);
    Ok(one(Answer::Promotion(Box::new(promotion))))
}

async fn simulated(
    handle: &Handle,
    query: SimulateQuery,
    body: Vec<u8>,
) -> Result<Replies, Refusal> {
    handle.know(query.device.clone()).await.map_err(refusal)?;
    let wanted = convert::simulate_wanted(&query);
    let candidate = convert::candidate(query.candidate, body).map_err(bad_request)?;
    let simulation = handle.simulate(candidate, wanted).await.map_err(refusal)?;
    let simulation = convert::simulation(simulation);
    Ok(one(Answer::Simulation(Box::new(simulation))))
}

async fn compared(handle: &Handle, query: CompareQuery, body: Vec<u8>) -> Result<Replies, Refusal> {
    let wanted = convert::compare_wanted(&query);
    let candidate = query.candidate.map(|it| convert::candidate(it, body));
    let candidate = candidate.transpose().map_err(bad_request)?;
    let comparison = handle.compare(candidate, wanted).await.map_err(refusal)?;
    let comparison = convert::comparison(comparison);
    Ok(one(Answer::Comparison(Box::new(comparison))))
}

async fn names(handle: &Handle, query: NamesQuery) -> Result<Replies, Refusal> {
    handle.know(query.device.clone()).await.map_err(refusal)?;
    let named = handle.named(convert::named_filter(query)).await;
    Ok(selected(named.map_err(refusal)?, |named| {
        Answer::Named(Box::new(convert::named(named)))
    }))
}

const fn bad_request(message: String) -> Refusal {
    Refusal {
        code: RefusalCode::BadRequest,
        message,
    }
}

async fn reloaded(handle: &Handle, change: Change) -> Result<Replies, Refusal> {
    let reloaded = handle.change(change).await.map_err(refusal)?;
    Ok(one(Answer::Reload(Box::new(convert::reload(&reloaded)))))
}

/// The user database may ask the network (LDAP): not on the event loop.
async fn author(uid: u32) -> Author {
    let name = spawn_blocking(move || auth::name_of(uid)).await;
    Author::User {
        uid,
        name: name.ok().flatten(),
    }
}

fn one(answer: Answer) -> Replies {
    Box::new(std::iter::once(answer))
}

/// Converts while writing: a hundred thousand flows are not held twice.
fn each<T, I>(items: I, convert: fn(T) -> Answer) -> Replies
where
    T: Send + 'static,
    I: IntoIterator<Item = T>,
    I::IntoIter: Send + 'static,
{
    Box::new(items.into_iter().map(convert))
}

/// The same, and what the limit cut off.
fn selected<T: Send + 'static>(selected: state::Selected<T>, convert: fn(T) -> Answer) -> Replies {
    let left_out = (selected.left_out > 0).then_some(Answer::LeftOut(selected.left_out));
    Box::new(each(selected.items, convert).chain(left_out))
}

pub(super) async fn drop_filter(
    handle: &Handle,
    query: &DropsQuery,
) -> Result<DropFilter, Refusal> {
    let filter = DropFilter::new(query).map_err(|error| bad_request(error.to_string()))?;
    handle.know(query.device.clone()).await.map_err(refusal)?;
    Ok(filter)
}
