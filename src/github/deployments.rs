//! A run's Deployment on GitHub, kept true beside the run by a task of its own: the run neither waits for GitHub nor fails
//! with it.
//!
//! There is one Deployment for a key, however often it is tried and by how many processes: before one is made, GitHub is
//! asked for the one that carries the key. What is true of one is in [`super::Ending`].

use std::time::Duration;

use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, timeout_at},
};

use super::{
    Context, Ending, State, Status,
    poster::{Orders, Poster, Seen},
};
use crate::config::Secret;

/// How long the end of a run may be held up by GitHub: enough for a slow answer or two.
pub const LAST_WORD: Duration = Duration::from_secs(8);

/// What is deployed where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// `app` of the configuration: two apps of a repository may share an environment's name.
    pub app: String,
    /// The environment, by GitHub's name for it.
    pub environment: String,
    /// Where users find it.
    pub environment_url: Option<String>,
    /// What is being done, one line.
    pub description: String,
    /// What is deployed once: see [`Context::key`].
    pub key: String,
    /// The commit, or a branch or tag.
    pub reference: String,
    /// Whether users work with it.
    pub production: bool,
    /// Whether it will be gone one day.
    pub transient: bool,
}

/// The Deployment of a run.
#[derive(Debug)]
pub struct Deployments {
    orders: watch::Sender<Orders>,
    seen: watch::Receiver<Seen>,
    begun: bool,
    task: JoinHandle<()>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// GitHub's id of the Deployment, where there is one.
    pub id: Option<u64>,
    /// Why GitHub does not show what is true; foreign parts are escaped.
    pub warning: Option<String>,
}

impl Deployments {
    /// Asks GitHub nothing until there is something to tell. It needs a running tokio.
    pub fn begin(context: &Context, token: Secret, what: Announcement) -> Self {
        Self::resume(context, token, what, None)
    }

    /// The same in a later process, which may know the id. Where GitHub has neither that id nor the key, and there is
    /// something to tell, one is made.
    pub fn resume(context: &Context, token: Secret, what: Announcement, id: Option<u64>) -> Self {
        let (orders, ordered) = watch::channel(Orders::default());
        let (tell, seen) = watch::channel(Seen::default());
        let poster = Poster::new(context, &token, what, id, ordered, tell);
        Self { orders, seen, begun: false, task: tokio::spawn(poster.run()) }
    }

    /// From now on this is true. Where GitHub is slow, only the newest is told.
    pub fn tell(&mut self, status: Status) {
        self.begun |= status.state() == State::InProgress;
        self.orders.send_modify(|orders| orders.tell(status));
    }

    /// The id, once it is known.
    pub fn id(&self) -> Option<u64> {
        self.seen.borrow().id
    }

    /// Tells how it ended, for so long at most.
    pub async fn close(mut self, ending: Ending, within: Duration) -> Closed {
        let by = Instant::now() + within;
        let last = match ending {
            Ending::Post(status) => Some(status),
            Ending::OnlyIfBegun(status) => self.begun.then_some(status),
        };
        let begun = self.begun;
        self.orders.send_modify(|orders| {
            orders.from_outside = !begun;
            if let Some(status) = last {
                orders.tell(status);
            }
            orders.close_by = Some(by);
        });
        let ended = timeout_at(by, &mut self.task).await;
        let seen = self.seen.borrow().clone();
        let warning = match ended {
            Ok(Ok(())) => seen.warning(),
            Ok(Err(_)) | Err(_) => Some(seen.late(within)),
        };
        Closed { id: seen.id, warning }
    }
}

impl Drop for Deployments {
    fn drop(&mut self) {
        self.task.abort();
    }
}
