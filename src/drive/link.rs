//! A link to a run: `link.sh` on the target, lines in both directions.

use std::sync::Arc;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::mpsc::UnboundedReceiver,
};

use crate::{
    machine::{Call, CallMode, Input, Job, LinkReader},
    plan::{BLOCK, Bundle, Plan},
    scripts,
    target::{Channel, Target, TargetError},
};

/// The arguments of a link that waits for a run to begin.
pub(super) fn arm_args(job: &Job) -> Vec<String> {
    vec!["arm".to_owned(), job.config.environment.path.clone()]
}

/// What such a link is told for the run to begin.
pub(super) fn order(plan: &Plan, bundle: Bundle) -> Vec<u8> {
    let mut bytes = format!("{} {} {}\n", plan.run, bundle.tar.len() / BLOCK, bundle.sha256).into_bytes();
    bytes.extend(bundle.tar);
    bytes
}

/// The arguments that follow a run, or settle it.
pub(super) fn call_args(job: &Job, call: &Call) -> Vec<String> {
    let (mode, more) = match &call.mode {
        CallMode::Follow => ("follow", vec![]),
        CallMode::Recover => ("recover", vec![]),
        CallMode::Retry => ("retry", vec![job.request.actor.clone()]),
        CallMode::Accept(state) => ("accept", vec![state.clone(), job.request.actor.clone()]),
    };
    let mut args = vec![mode.to_owned(), job.config.environment.path.clone(), call.run.clone(), call.from.to_string()];
    args.extend(more);
    args
}

/// Opens a link.
pub(super) async fn open(target: Arc<Target>, args: Vec<String>) -> Result<Channel, TargetError> {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    target.open(scripts::LINK, &args).await
}

/// Writes `first` to a link and then what comes over `lines`, and feeds back every line until it closes. A target that says
/// more than can be taken in waits.
pub(super) async fn run<F: Future<Output = ()> + Send>(
    channel: impl Future<Output = Result<Channel, TargetError>> + Send,
    first: Vec<u8>,
    mut lines: UnboundedReceiver<Vec<u8>>,
    feed: impl Fn(Input) -> F + Send,
) {
    let Channel { mut stdin, mut stdout, ending } = match channel.await {
        Ok(channel) => channel,
        Err(error) => return feed(Input::LinkClosed(Some(super::chain(&error)))).await,
    };
    let write = async move {
        let mut bytes = first;
        while stdin.write_all(&bytes).await.is_ok() && stdin.flush().await.is_ok() {
            let Some(next) = lines.recv().await else { break };
            bytes = next;
        }
        // Whatever could not be written is known by how the script ends.
        std::future::pending::<()>().await;
    };
    let read = async {
        let mut reader = LinkReader::default();
        let mut chunk = [0; 16 * 1024];
        while let Ok(read @ 1..) = stdout.read(&mut chunk).await {
            for line in reader.take(&chunk[..read]) {
                feed(Input::Line(line)).await;
            }
        }
    };
    tokio::select! {
        () = write => {}
        () = read => {}
    }
    let lost = match ending.wait().await {
        Ok(exit) if exit.status == 0 => None,
        Ok(exit) => Some(exit.stderr),
        Err(error) => Some(super::chain(&error)),
    };
    feed(Input::LinkClosed(lost)).await;
}
