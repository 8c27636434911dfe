//! `run`: the service in the foreground.

use std::{fs::File, io, path::PathBuf, time::Duration};

use nix::unistd::geteuid;
use tokio::{
    net::TcpListener,
    runtime,
    signal::unix::{Signal, SignalKind, signal},
};

use super::{
    State,
    exit::{Exit, Failure, OrExit as _, Outcome},
    findings, output,
    words::short,
};
use crate::{
    api::{
        auth::Access,
        server,
        socket::{ControlSocket, SocketError},
    },
    datapath::{self, BringUpError, LoadError, PinError},
    metrics::http,
    model::gateway::{DeviceSeries, Gateway, Metrics, Reload},
    service::{
        boot::{Boot, BootError, Kept, boot},
        clock::Now,
        files::{self, Files, Paths},
        handle::Handle,
        on_change,
        reload::{Change, Occasion},
        start::{How, Service, StartError},
        state::{Port, Status, words::hex},
        supervisor,
        watch::Watch,
    },
    store::Texts,
};

/// Enforce the policy on the wires, in the foreground, until SIGTERM or SIGINT.
///
/// Prints a line that starts with READY for each wire once every frame is judged by the policy. Ends by detaching the XDP
/// program and putting the interfaces back as they were: from then on a wire without a bridge under it carries nothing.
///
/// It starts with the policy that was in force last and was good, which the state directory keeps, and then loads the files if they
/// are others: a file with errors keeps nothing from being enforced. Where nothing is kept it starts with the files.
///
/// `xiot-agent apply`, `reload`, or SIGHUP, loads the files again and puts the policy in force without a gap.
///
/// With --keep-attached, and after death by any other signal, enforcement goes on without an agent, and the next run takes
/// over: each port is judged by the old or the new program at any time. Flows, counters and what was observed go on, unless
/// sizes or wires of the gateway file changed: then sessions that the rules allow are picked up for a while (grace).
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Gateway file: wires, sizes, addresses to listen on.
    #[arg(long, value_name = "FILE")]
    gateway: PathBuf,
    /// Policy file: peer sets, profiles, devices.
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    #[command(flatten)]
    state: State,
    /// Leave the XDP program attached at the end: enforcement goes on without an agent until the next run takes over.
    #[arg(long)]
    keep_attached: bool,
    /// Only take over: where flows, counters and what was observed would begin anew, say why and change nothing.
    #[arg(long)]
    adopt: bool,
    /// Load this object file instead of the program that is built in. For work on the program.
    #[arg(long, value_name = "FILE", hide = true)]
    object: Option<PathBuf>,
    /// Let the clock of learning run so many times as fast as the wall clock. For trials.
    #[arg(long, value_name = "N", hide = true, default_value_t = 1)]
    learn_pace: u32,
}

/// Time that what still runs on a thread of its own has to end: the answer to a client that did not wait for it.
const LEFT_OVER: Duration = Duration::from_secs(1);

pub(super) fn run(args: &Args) -> Outcome {
    let paths = Paths {
        gateway: args.gateway.clone(),
        policy: args.policy.clone(),
    };
    // Before they are read: what changes from now on is a change.
    let watch = Watch::new(&paths);
    let Boot { checked, kept } =
        boot(&paths, &args.state.state, Now::read()).map_err(boot_failure)?;
    // Of what was in force before people were told then.
    if kept.record.is_none() || checked.files.is_err() {
        findings::print(&checked)?;
    }
    let texts = checked.texts();
    let Ok(files) = checked.into_files() else {
        return Ok(Exit::Findings);
    };
    let object = match &args.object {
        None => None,
        Some(path) => Some(files::read_object(path).or_exit(Exit::Usage)?),
    };
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .or_exit(Exit::Failed)?;
    let how = How {
        adopt: args.adopt,
        object,
        pace: args.learn_pace,
    };
    let start = Start {
        files,
        texts,
        kept,
        how,
    };
    let outcome = runtime.block_on(serve(start, watch, args.keep_attached));
    runtime.shutdown_timeout(LEFT_OVER);
    outcome
}

/// All that the service starts with.
struct Start {
    files: Files,
    texts: Texts,
    kept: Kept,
    how: How,
}

/// What can be in somebody else's way comes first, and the network last: a failure on the way touches nothing.
async fn serve(start: Start, watch: Watch, keep_attached: bool) -> Outcome {
    let Start {
        files,
        texts,
        kept,
        how,
    } = start;
    let mut signals = Signals::listen()?;
    let mut hangups = Hangups::listen()?;
    let access = Access::new(geteuid().as_raw(), files.gateway.control.group.as_deref())
        .or_exit(Exit::Host)?;
    let socket = claim(&files.gateway, &access)?;
    let page = listen(&files.gateway).await?;
    let watched = (files.gateway.reload == Reload::OnChange).then_some(watch);
    let paths = files.paths.clone();
    let mut service = Service::start(files, &texts, kept, how).map_err(start_failure)?;
    drop(texts);
    let handle = service.handle();
    give_up_privileges(&paths);
    announce(&service.status().or_exit(Exit::Failed)?);
    let reloads = async {
        loop {
            hangups.next().await;
            reload(&handle).await;
        }
    };
    let changes = async {
        match watched {
            Some(watch) => on_change::load(watch, &handle).await,
            None => std::future::pending().await,
        }
    };
    let metrics = async {
        match page {
            Some((listener, devices)) => http::serve(listener, handle.clone(), devices).await,
            None => std::future::pending().await,
        }
    };
    let end = async {
        let name = signals.next().await;
        tracing::info!(signal = name, "ending");
        supervisor::stopping();
    };
    let served = tokio::select! {
        served = server::serve(&socket, access, handle.clone(), end) => served,
        () = async {
            let alive = supervisor::keep_alive(handle.clone());
            tokio::join!(service.tend(), metrics, reloads, changes, alive);
        } => Ok(()),
    };
    drop(socket);
    if keep_attached {
        service.leave();
        tracing::info!("the XDP program stays attached: enforcement goes on");
    } else {
        let detached = service.stop().or_exit(Exit::Failed)?;
        tracing::info!(programs = detached.links, "detached");
    }
    served.or_exit(Exit::Failed)?;
    Ok(Exit::Success)
}

/// Loads the files again. The service logs how that ends.
async fn reload(handle: &Handle) {
    handle
        .change(Change::files(Occasion::Reload))
        .await
        .map_or_else(|_| (), |_| ());
}

struct Hangups(Signal);

impl Hangups {
    fn listen() -> Result<Self, Failure> {
        signal(SignalKind::hangup()).map(Self).or_exit(Exit::Failed)
    }

    async fn next(&mut self) {
        if self.0.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> Result<Self, Failure> {
        Ok(Self {
            terminate: signal(SignalKind::terminate()).or_exit(Exit::Failed)?,
            interrupt: signal(SignalKind::interrupt()).or_exit(Exit::Failed)?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

fn claim(gateway: &Gateway, access: &Access) -> Result<ControlSocket, Failure> {
    ControlSocket::claim(&gateway.control.socket, access).map_err(|error| Failure {
        exit: match &error {
            SocketError::InUse { .. } | SocketError::Contended { .. } => Exit::InUse,
            SocketError::Io { source, .. } if is_permission(source) => Exit::NotPermitted,
            SocketError::NotASocket { .. }
            | SocketError::BadPath { .. }
            | SocketError::Io { .. } => Exit::Host,
        },
        error: error.into(),
    })
}

async fn listen(gateway: &Gateway) -> Result<Option<(TcpListener, DeviceSeries)>, Failure> {
    let Some(Metrics { listen, devices }) = gateway.metrics.clone() else {
        return Ok(None);
    };
    let listener = http::listen(listen).await.map_err(|error| Failure {
        exit: if error.source.kind() == io::ErrorKind::AddrInUse {
            Exit::InUse
        } else if is_permission(&error.source) {
            Exit::NotPermitted
        } else {
            Exit::Host
        },
        error: error.into(),
    })?;
    Ok(Some((listener, devices)))
}

fn is_permission(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied
}

fn boot_failure(error: BootError) -> Failure {
    Failure {
        exit: match &error {
            BootError::File(_) => Exit::Usage,
            BootError::State(_) => Exit::InUse,
        },
        error: error.into(),
    }
}

fn start_failure(error: StartError) -> Failure {
    let exit = match &error {
        StartError::BringUp(error) => match error {
            BringUpError::Load(LoadError::Privileges { .. }) => Exit::NotPermitted,
            BringUpError::Load(_)
            | BringUpError::Apply(_)
            | BringUpError::Compile(_)
            | BringUpError::Map(_) => Exit::Rejected,
            BringUpError::Pins(PinError::Locked { .. }) => Exit::InUse,
            BringUpError::Pins(_)
            | BringUpError::Preflight(_)
            | BringUpError::Prepare(_)
            | BringUpError::Attach(_)
            | BringUpError::FailMode(_)
            | BringUpError::Netlink(_)
            | BringUpError::Pin { .. }
            | BringUpError::Decisions { .. }
            | BringUpError::Anew { .. }
            | BringUpError::Switch { .. }
            | BringUpError::Remains { .. } => Exit::Host,
        },
        StartError::Maps(_) | StartError::Ring(_) => Exit::Failed,
    };
    Failure {
        exit,
        error: error.into(),
    }
}

/// A ward that is enforced is not given up over this: what could not be done is said, loudly.
fn give_up_privileges(paths: &Paths) {
    if let Err(error) = datapath::give_up() {
        tracing::error!("the agent holds more privileges than it needs: {error}");
        return;
    }
    for path in [&paths.gateway, &paths.policy] {
        if let Err(error) = File::open(path) {
            let path = path.display();
            tracing::warn!(
                "reload will not read {path} ({error}): the agent gave up the right to read files of others; give it to root, and \
                 let root into its directory"
            );
        }
    }
}

/// One READY line for each wire, for people and for whoever waits for it; then the service manager is told.
fn announce(status: &Status) {
    let digest = hex(&status.policy.digest);
    let modes = status.devices;
    let port = |port: &Option<Port>| {
        port.as_ref().map_or_else(
            || "-".to_owned(),
            |port| format!("{}/{}", port.interface, port.xdp),
        )
    };
    for wire in &status.wires {
        let line = format!(
            "READY wire={} device={} uplink={} policy={} devices=enforce:{},monitor:{},learn:{}\n",
            wire.name,
            port(&wire.device),
            port(&wire.uplink),
            short(&digest),
            modes.enforce,
            modes.monitor,
            modes.learn,
        );
        // Enforcement does not hang on somebody reading this.
        if let Err(failure) = output::print(&line) {
            tracing::debug!(error = %failure.error, "nobody reads standard output");
        }
        tracing::info!(
            wire = wire.name,
            device = port(&wire.device),
            uplink = port(&wire.uplink),
            policy = short(&digest),
            "enforcing"
        );
    }
    supervisor::ready(&status.policy.digest, status.policy.revision);
}
