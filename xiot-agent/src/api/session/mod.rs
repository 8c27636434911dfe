//! One client: reads a request, writes its answer, until the client leaves or misbehaves, or the agent ends.

mod answers;
mod refusal;

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

use self::answers::{answers, drop_filter};
use super::{
    convert::{self, DropFilter},
    wire::{
        Answer, Ask, DropsQuery, MAX_POLICY_BYTES, MAX_REQUEST, Refusal, RefusalCode, Reply,
        Request, VERSION,
    },
};
use crate::service::{handle::Handle, state};

/// A client that asks nothing for so long is sent away.
const IDLE: Duration = Duration::from_mins(1);

/// A client that takes nothing of an answer for so long is sent away. Followers of drops may take as long as they like:
/// what they miss is counted for them.
const STALLED: Duration = Duration::from_secs(30);

/// Bytes of what follows a request that are read at a time.
const CHUNK: usize = 64 * 1024;

/// Serves one permitted client until it leaves or the agent is `over`.
pub(super) async fn run(
    stream: UnixStream,
    uid: u32,
    handle: &Handle,
    over: watch::Receiver<bool>,
) -> io::Result<()> {
    let (reader, writer) = stream.into_split();
    converse(reader, writer, uid, handle, over).await
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
    uid: u32,
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
            Ok(ask) if ask.body() > MAX_POLICY_BYTES => {
                let message = format!("a policy has at most {MAX_POLICY_BYTES} bytes");
                return writer.refuse(RefusalCode::BadRequest, message).await;
            }
            Ok(ask) => {
                let Some(body) = body(&mut reader, ask.body()).await? else {
                    return Ok(());
                };
                answer(&mut writer, Asked { ask, body, uid }, handle).await?;
            }
        }
    }
}

/// A request with what came with it, and from whom.
struct Asked {
    ask: Ask,
    body: Vec<u8>,
    uid: u32,
}

/// What follows a request; none: the client left in the middle of it.
async fn body(reader: &mut (impl AsyncRead + Unpin), bytes: u64) -> io::Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    let mut reader = reader.take(bytes);
    while (body.len() as u64) < bytes {
        // Room for what comes, not for what was said to come.
        body.reserve(CHUNK);
        if timeout(STALLED, reader.read_buf(&mut body)).await?? == 0 {
            return Ok(None);
        }
    }
    Ok(Some(body))
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
    asked: Asked,
    handle: &Handle,
) -> io::Result<()> {
    match answers(handle, asked).await {
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
    let filter = match drop_filter(handle, &query).await {
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
