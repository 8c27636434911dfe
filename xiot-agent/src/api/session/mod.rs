//! One client: reads a request, writes its answer, until the client leaves or misbehaves, or the agent ends.

use std::{io, sync::Arc, time::Duration};

use tokio::{
    io::{
        AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _,
        BufReader, BufWriter,
    },
    net::UnixStream,
    sync::{
        broadcast::{self, error::RecvError, error::TryRecvError},
        watch,
    },
    time::timeout,
};

use super::{
    convert::{self, DropFilter},
    wire::{Answer, Ask, DropsQuery, MAX_REQUEST, Refusal, RefusalCode, Reply, Request, VERSION},
};
use crate::service::{
    decide::DecideError,
    explain::ExplainError,
    handle::{Handle, SourceError},
    reload::ReloadError,
    state,
};

/// A client that asks nothing for so long is sent away.
const IDLE: Duration = Duration::from_mins(1);

/// A client that takes nothing of an answer for so long is sent away. Followers of drops may take as long as they like:
/// what they miss is counted for them.
const STALLED: Duration = Duration::from_secs(30);

/// Serves one permitted client until it leaves or the agent is `over`.
pub(super) async fn run(
    stream: UnixStream,
    handle: &Handle,
    over: watch::Receiver<bool>,
) -> io::Result<()> {
    let (reader, writer) = stream.into_split();
    converse(reader, writer, handle, over).await
}

/// Tells a client that it gets no answers.
pub(super) async fn refuse(stream: &mut UnixStream, refusal: Refusal) -> io::Result<()> {
    let line = line(Answer::Refused(refusal))?;
    timeout(STALLED, stream.write_all(&line)).await??;
    stream.shutdown().await
}

async fn converse(
    reader: impl AsyncRead + Unpin,
    writer: impl AsyncWrite + Unpin,
    handle: &Handle,
    mut over: watch::Receiver<bool>,
) -> io::Result<()> {
    let mut reader = BufReader::new(reader);
    let mut writer = Writer(BufWriter::new(writer));
    let mut request = Vec::new();
    loop {
        request.clear();
        let limit = MAX_REQUEST as u64;
        let mut line = (&mut reader).take(limit);
        let length = tokio::select! {
            length = timeout(IDLE, line.read_until(b'\n', &mut request)) => length??,
            // Nothing is owed to a client that has not asked yet.
            () = is_over(&mut over) => return Ok(()),
        };
        if length == 0 {
            return Ok(());
        }
        if length == MAX_REQUEST && !request.ends_with(b"\n") {
            let message = format!("a request is one line of at most {MAX_REQUEST} bytes");
            // What follows is the rest of the overlong line: there is no way back to a request.
            return writer.refuse(RefusalCode::BadRequest, message).await;
        }
        match parse(&request) {
            Err(message) => writer.refuse(RefusalCode::BadRequest, message).await?,
            Ok(Ask::Drops(query)) if query.follow => {
                return follow(&mut reader, &mut writer, handle, query, over).await;
            }
            Ok(ask) => answer(&mut writer, handle, ask).await?,
        }
    }
}

fn parse(line: &[u8]) -> Result<Ask, String> {
    #[derive(serde::Deserialize)]
    struct Versioned {
        version: u32,
    }
    // The version alone first: a request of another one may look like anything.
    let versioned: Versioned = serde_json::from_slice(line)
        .map_err(|error| format!("not a request with a version: {error}"))?;
    if versioned.version != VERSION {
        return Err(format!(
            "this agent speaks version {VERSION} of the control protocol, the client version {}: \
             use the xiot-agent of the same release",
            versioned.version
        ));
    }
    serde_json::from_slice::<Request>(line)
        .map(|request| request.ask)
        .map_err(|error| format!("not a request: {error}"))
}

async fn answer<W: AsyncWrite + Unpin>(
    writer: &mut Writer<W>,
    handle: &Handle,
    ask: Ask,
) -> io::Result<()> {
    match answers(handle, ask).await {
        Ok(answers) => {
            for answer in answers {
                writer.send(answer).await?;
            }
            writer.send(Answer::End).await?;
            writer.flush().await
        }
        Err(Refusal { code, message }) => writer.refuse(code, message).await,
    }
}

async fn answers(
    handle: &Handle,
    ask: Ask,
) -> Result<Box<dyn Iterator<Item = Answer> + Send>, Refusal> {
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
            let flows = handle.flows(convert::filter(query)).await;
            selected(flows.map_err(refusal)?, |flow| {
                Answer::Flow(Box::new(convert::flow(flow)))
            })
        }
        Ask::Observed(query) => {
            let observed = handle.observed(convert::observed_filter(query)).await;
            selected(observed.map_err(refusal)?, |observed| {
                Answer::Observed(Box::new(convert::observed(observed)))
            })
        }
        Ask::Bindings(query) => {
            let bindings = handle.bindings(convert::binding_filter(query)).await;
            selected(bindings.map_err(refusal)?, |binding| {
                Answer::Binding(Box::new(convert::binding(binding)))
            })
        }
        Ask::Drops(query) => {
            let filter = drop_filter(&query)?;
            let drops = handle.recent_drops(filter.since());
            each(
                drops.into_iter().filter(move |drop| filter.wants(drop)),
                |drop| Answer::Drop(Box::new(convert::drop(&drop))),
            )
        }
        Ask::Reload => {
            let reloaded = handle.reload().await.map_err(refusal)?;
            one(Answer::Reload(Box::new(convert::reload(&reloaded))))
        }
        Ask::Decide(decide) => {
            let wish = convert::wish(decide).map_err(|message| Refusal {
                code: RefusalCode::BadRequest,
                message,
            })?;
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

fn one(answer: Answer) -> Box<dyn Iterator<Item = Answer> + Send> {
    Box::new(std::iter::once(answer))
}

/// Converts while writing: a hundred thousand flows are not held twice.
fn each<T, I>(items: I, convert: fn(T) -> Answer) -> Box<dyn Iterator<Item = Answer> + Send>
where
    T: Send + 'static,
    I: IntoIterator<Item = T>,
    I::IntoIter: Send + 'static,
{
    Box::new(items.into_iter().map(convert))
}

/// The same, and what the limit cut off.
fn selected<T: Send + 'static>(
    selected: state::Selected<T>,
    convert: fn(T) -> Answer,
) -> Box<dyn Iterator<Item = Answer> + Send> {
    let left_out = (selected.left_out > 0).then_some(Answer::LeftOut(selected.left_out));
    Box::new(each(selected.items, convert).chain(left_out))
}

fn drop_filter(query: &DropsQuery) -> Result<DropFilter, Refusal> {
    DropFilter::new(query).map_err(|error| Refusal {
        code: RefusalCode::BadRequest,
        message: error.to_string(),
    })
}

fn refusal(error: SourceError) -> Refusal {
    match error {
        SourceError::Explain(ExplainError::Query(error)) => Refusal {
            code: RefusalCode::NotFound,
            message: error.to_string(),
        },
        SourceError::Reload(ReloadError::File(error)) => Refusal {
            code: RefusalCode::NotFound,
            message: error.to_string(),
        },
        SourceError::Decide(
            error @ (DecideError::UnknownDevice { .. } | DecideError::NothingDecided(_)),
        ) => Refusal {
            code: RefusalCode::NotFound,
            message: error.to_string(),
        },
        SourceError::Decide(error @ DecideError::LifeSustaining(_)) => Refusal {
            code: RefusalCode::NeedsOverride,
            message: error.to_string(),
        },
        SourceError::Decide(
            error @ (DecideError::VlansOfListed(_) | DecideError::Group(_) | DecideError::Span),
        ) => Refusal {
            code: RefusalCode::BadRequest,
            message: error.to_string(),
        },
        SourceError::Reload(
            error @ (ReloadError::Findings(_)
            | ReloadError::Gateway { .. }
            | ReloadError::Guards { .. }
            | ReloadError::Compile { .. }),
        ) => Refusal {
            code: RefusalCode::BadFiles,
            message: error.to_string(),
        },
        error @ (SourceError::Explain(_)
        | SourceError::Reload(
            ReloadError::Apply(_) | ReloadError::Maps(_) | ReloadError::Ending,
        )
        | SourceError::Decide(DecideError::Maps(_) | DecideError::Ending)
        | SourceError::Datapath(_)
        | SourceError::Gone) => {
            let error = anyhow::Error::new(error);
            super::server::UNANSWERED
                .write(|| tracing::error!("a request could not be answered: {error:#}"));
            Refusal {
                code: RefusalCode::Failed,
                message: format!("{error:#}"),
            }
        }
    }
}

/// Waits until the agent ends.
async fn is_over(over: &mut watch::Receiver<bool>) {
    // Whoever would say so may be gone already: that is the end too.
    over.wait_for(|over| *over)
        .await
        .map_or_else(|_| (), |_| ());
}

/// Recent drops, then new ones until the client hangs up or the agent ends.
async fn follow<R: AsyncRead + Unpin, W: AsyncWrite + Unpin>(
    reader: &mut R,
    writer: &mut Writer<W>,
    handle: &Handle,
    query: DropsQuery,
    mut over: watch::Receiver<bool>,
) -> io::Result<()> {
    let filter = match drop_filter(&query) {
        Ok(filter) => filter,
        Err(Refusal { code, message }) => return writer.refuse(code, message).await,
    };
    // Subscribe before looking back, so that no drop falls between.
    let mut drops = handle.subscribe_drops();
    let mut newest = 0;
    for drop in handle.recent_drops(filter.since()) {
        newest = newest.max(drop.sequence);
        if filter.wants(&drop) {
            writer
                .send_slowly(Answer::Drop(Box::new(convert::drop(&drop))))
                .await?;
        }
    }
    writer.0.flush().await?;
    let mut byte = [0];
    loop {
        let next = tokio::select! {
            next = drops.recv() => next,
            // A follower has nothing more to say: end of file or a byte, it is over.
            _ = reader.read(&mut byte) => return Ok(()),
            () = is_over(&mut over) => return conclude(writer, &filter, drops, newest).await,
        };
        match next {
            Ok(drop) => send_new(writer, &filter, &drop, newest).await?,
            Err(RecvError::Lagged(missed)) => {
                writer.send_slowly(Answer::Missed(missed)).await?;
                writer.0.flush().await?;
            }
            Err(RecvError::Closed) => {
                writer.send(Answer::End).await?;
                return writer.flush().await;
            }
        }
    }
}

/// The drops that came before the end, and the end.
async fn conclude<W: AsyncWrite + Unpin>(
    writer: &mut Writer<W>,
    filter: &DropFilter,
    mut drops: broadcast::Receiver<Arc<state::Drop>>,
    newest: u64,
) -> io::Result<()> {
    // Not those that come meanwhile: in a flood there would be no end.
    for _ in 0..drops.len() {
        match drops.try_recv() {
            Ok(drop) => send_new(writer, filter, &drop, newest).await?,
            Err(TryRecvError::Lagged(missed)) => {
                writer.send_slowly(Answer::Missed(missed)).await?;
            }
            Err(TryRecvError::Empty | TryRecvError::Closed) => break,
        }
    }
    writer.send(Answer::End).await?;
    writer.flush().await
}

async fn send_new<W: AsyncWrite + Unpin>(
    writer: &mut Writer<W>,
    filter: &DropFilter,
    drop: &Arc<state::Drop>,
    newest: u64,
) -> io::Result<()> {
    // The overlap of looking back and subscribing.
    if drop.sequence <= newest || !filter.wants(drop) {
        return Ok(());
    }
    writer
        .send_slowly(Answer::Drop(Box::new(convert::drop(drop))))
        .await?;
    writer.0.flush().await
}

fn line(answer: Answer) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(&Reply {
        version: VERSION,
        reply: answer,
    })?;
    line.push(b'\n');
    Ok(line)
}

struct Writer<W>(BufWriter<W>);

impl<W: AsyncWrite + Unpin> Writer<W> {
    async fn send(&mut self, answer: Answer) -> io::Result<()> {
        timeout(STALLED, self.send_slowly(answer)).await?
    }

    async fn send_slowly(&mut self, answer: Answer) -> io::Result<()> {
        let line = line(answer)?;
        self.0.write_all(&line).await
    }

    async fn flush(&mut self) -> io::Result<()> {
        timeout(STALLED, self.0.flush()).await?
    }

    async fn refuse(&mut self, code: RefusalCode, message: String) -> io::Result<()> {
        self.send(Answer::Refused(Refusal { code, message }))
            .await?;
        self.flush().await
    }
}

#[cfg(test)]
mod tests;
