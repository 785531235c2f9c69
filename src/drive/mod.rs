//! The loop around the machine: it carries out effects and feeds back inputs. It decides nothing, and does not know which
//! kind of target it drives.

mod link;
mod looks;
mod signals;

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use tokio::{
    sync::{
        mpsc::{Receiver, Sender, UnboundedSender, channel, unbounded_channel},
        oneshot,
    },
    task::{JoinHandle, JoinSet},
};

use self::signals::Signals;
use crate::{
    artifact::{Compression, Parcel, UploadError, upload_packed},
    machine::{self, Call, Effect, Finish, Goal, Input, Job, State},
    model::{Event, EventKind, RunId},
    plan::{Plan, Refusal},
    report::{Reporter, time::size},
    target::{Channel, ConnectError, Target, TargetError},
};

/// How often time passes for the machine: beats, tries, signs of life.
const TICK: Duration = Duration::from_millis(100);

/// What may wait to be taken in; a target that says more is made to wait itself.
const WAITING_MESSAGES: usize = 64;

/// How often people are told how much of the artifact was sent.
const UPLOAD_SIGN: Duration = Duration::from_secs(1);

/// Carries a job out to its end. `parcel` is what the run is sent.
pub async fn drive(job: Job, parcel: Option<Parcel>, reporter: &mut Reporter) -> Finish {
    let (messages, received) = channel(WAITING_MESSAGES);
    let mut driver = Driver {
        job: Arc::new(job),
        parcel: parcel.map(Arc::new),
        target: None,
        link: None,
        ahead: None,
        link_number: 0,
        tasks: JoinSet::new(),
        messages,
        run: None,
        has_zstd: false,
    };
    let finish = driver.run(received, reporter).await;
    driver.abandon_ahead().await;
    driver.tasks.shutdown().await;
    if let Some(target) = driver.target.take().and_then(Arc::into_inner) {
        target.close().await;
    }
    finish
}

/// The runner's clock: milliseconds since 1970.
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// What tasks tell the loop.
enum Message {
    /// A connection, to be kept.
    Target(Target),
    /// Something for the machine.
    Input(Input),
    /// So many bytes of the artifact were sent.
    Sent(u64),
    /// The same from a link; what an earlier link still says is passed over.
    FromLink(u32, Input),
}

struct Driver {
    job: Arc<Job>,
    parcel: Option<Arc<Parcel>>,
    target: Option<Arc<Target>>,
    /// What is to be written to the link.
    link: Option<UnboundedSender<Vec<u8>>>,
    /// A link for the run that may follow, opened while the target is looked at: that saves two round trips.
    ahead: Option<JoinHandle<Option<Channel>>>,
    link_number: u32,
    /// What is under way. Each task may hold the target.
    tasks: JoinSet<()>,
    messages: Sender<Message>,
    run: Option<RunId>,
    has_zstd: bool,
}

impl Driver {
    async fn run(&mut self, mut received: Receiver<Message>, reporter: &mut Reporter) -> Finish {
        let mut signals = Signals::listen();
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut state = State::Connecting;
        let mut effects = vec![Effect::Connect];
        loop {
            for effect in effects.drain(..) {
                if let Some(finish) = self.carry_out(effect, reporter) {
                    return finish;
                }
            }
            let input = tokio::select! {
                biased;
                () = signals.next() => Input::Interrupted,
                // before what is said: a target that never stops to speak does not stop the time
                _ = ticks.tick() => {
                    reporter.tick(now_ms());
                    Input::Tick
                }
                Some(message) = received.recv() => match self.take(message, reporter) {
                    Some(input) => input,
                    None => continue,
                },
            };
            (state, effects) = machine::step(state, &self.job, now_ms(), input);
        }
    }

    fn take(&mut self, message: Message, reporter: &mut Reporter) -> Option<Input> {
        match message {
            Message::Sent(bytes) => {
                let line = format!("{} sent, compressed", size(bytes));
                let step = match self.parcel.as_deref() {
                    Some(Parcel::Statements(_)) => "upload",
                    Some(Parcel::Release(..)) | None => "release",
                };
                let kind = EventKind::StepOutput { step: step.to_owned(), line };
                reporter.event(&Event { at_ms: now_ms(), run: self.run.clone(), kind });
                None
            }
            Message::Target(target) => {
                self.target = Some(Arc::new(target));
                Some(Input::Connected)
            }
            Message::Input(input) => {
                if let Input::Probed { reply, .. } = &input {
                    self.has_zstd = reply.all("tool").any(|tool| tool == "zstd");
                }
                Some(input)
            }
            Message::FromLink(number, input) => (number == self.link_number).then_some(input),
        }
    }

    fn carry_out(&mut self, effect: Effect, reporter: &mut Reporter) -> Option<Finish> {
        match effect {
            Effect::Connect => self.connect(),
            Effect::Probe => self.probe(),
            Effect::Smoke(revision) => self.look(move |target, job| looks::smoke(target, job, revision)),
            Effect::Arm(plan) => return self.arm(&plan),
            Effect::Open(call) => self.open(&call),
            Effect::Send(line) => {
                if let Some(link) = &self.link {
                    let _ = link.send(format!("{line}\n").into_bytes());
                }
            }
            Effect::Upload(run) => self.upload(&run),
            Effect::Emit(kind) => reporter.event(&Event { at_ms: now_ms(), run: self.run.clone(), kind }),
            Effect::Finish(finish) => return Some(finish),
        }
        None
    }

    fn connect(&mut self) {
        self.target = None;
        self.link = None;
        self.ahead = None;
        self.link_number += 1;
        let (job, messages) = (Arc::clone(&self.job), self.messages.clone());
        self.tasks.spawn(async move {
            let message = match Target::connect(&job.config.environment).await {
                Ok(target) => Message::Target(target),
                Err(error) => Message::Input(refused(&error)),
            };
            let _ = messages.send(message).await;
        });
    }

    fn probe(&mut self) {
        let Some(target) = self.target.clone() else { return };
        let (begun, has_begun) = oneshot::channel();
        self.look(move |target, job| looks::probe(target, job, begun));
        match self.job.goal {
            Goal::Deploy | Goal::Rollback(_) | Goal::Drill(_) | Goal::Backup(_) => {}
            Goal::Plan | Goal::Settle { .. } | Goal::Abort => return,
        }
        let args = link::arm_args(&self.job);
        // After the probe: where sshd allows one session at a time, this one is refused and opened when it is needed.
        self.ahead = Some(tokio::spawn(async move {
            has_begun.await.ok()?;
            link::open(target, args).await.ok()
        }));
    }

    /// Lets go of a link that nobody needs.
    async fn abandon_ahead(&mut self) {
        if let Some(ahead) = self.ahead.take() {
            ahead.abort();
            let _ = ahead.await;
        }
    }

    fn look<F>(&mut self, what: impl FnOnce(Arc<Target>, Arc<Job>) -> F + Send + 'static)
    where
        F: Future<Output = Input> + Send + 'static,
    {
        let Some(target) = self.target.clone() else { return };
        let (job, messages) = (Arc::clone(&self.job), self.messages.clone());
        self.tasks.spawn(async move {
            let _ = messages.send(Message::Input(what(target, job).await)).await;
        });
    }

    fn arm(&mut self, plan: &Plan) -> Option<Finish> {
        self.run = Some(plan.run.clone());
        match plan.bundle() {
            Ok(bundle) => {
                let target = self.target.clone()?;
                let (ahead, args) = (self.ahead.take(), link::arm_args(&self.job));
                let channel = async move {
                    let opened = match ahead {
                        Some(ahead) => ahead.await.ok().flatten(),
                        None => None,
                    };
                    match opened {
                        Some(channel) => Ok(channel),
                        None => link::open(target, args).await,
                    }
                };
                self.start_link(channel, link::order(plan, bundle));
                None
            }
            Err(error) => Some(Finish::Fault(format!("the plan could not be packed: {error}"))),
        }
    }

    fn open(&mut self, call: &Call) {
        self.run = RunId::try_from(call.run.clone()).ok();
        let Some(target) = self.target.clone() else { return };
        self.start_link(link::open(target, link::call_args(&self.job, call)), Vec::new());
    }

    fn start_link(
        &mut self,
        channel: impl Future<Output = Result<Channel, TargetError>> + Send + 'static,
        first: Vec<u8>,
    ) {
        self.link_number += 1;
        let (number, messages) = (self.link_number, self.messages.clone());
        let (writer, lines) = unbounded_channel();
        self.link = Some(writer);
        self.tasks.spawn(link::run(channel, first, lines, move |input| {
            let messages = messages.clone();
            async move {
                let _ = messages.send(Message::FromLink(number, input)).await;
            }
        }));
    }

    fn upload(&mut self, run: &str) {
        let (Some(target), Some(parcel)) = (self.target.clone(), self.parcel.clone()) else { return };
        let (number, messages) = (self.link_number, self.messages.clone());
        let environment = &self.job.config.environment;
        let file = format!("{}/.backstay/runs/{run}/upload/artifact", environment.path);
        let compression = if self.has_zstd { Compression::Zstd } else { Compression::Gzip };
        let told = Mutex::new(Instant::now());
        let progress = messages.clone();
        let progress = move |bytes| {
            let Ok(mut told) = told.lock() else { return };
            if told.elapsed() >= UPLOAD_SIGN {
                *told = Instant::now();
                let _ = progress.try_send(Message::Sent(bytes));
            }
        };
        self.tasks.spawn(async move {
            let input = match upload_packed(&target, &file, &parcel, compression, progress).await {
                Ok(()) => Input::Uploaded,
                Err(error) => {
                    let lost = matches!(error, UploadError::Target(TargetError::LinkLost));
                    Input::UploadFailed { reason: error.to_string(), lost }
                }
            };
            let _ = messages.send(Message::FromLink(number, input)).await;
        });
    }
}

fn refused(error: &ConnectError) -> Input {
    let refusal = Refusal::new(chain(error), error.remedy());
    Input::ConnectFailed { refusal }
}

/// An error with its causes, on one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let more = cause.to_string();
        if !text.ends_with(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        next = cause.source();
    }
    text
}
