//! The task that makes GitHub show what is true: one request at a time, in order; and where a write ended without an answer,
//! a look before the next one.

use std::time::Duration;

use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use super::{
    Announcement, Context, State, Status,
    api::{self, Api},
    trouble::Trouble,
};
use crate::config::Secret;

/// The pause after a first try that failed; doubled with each.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause of our own.
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// GitHub may still be at work on a write that it gave no answer for: a look before that shows nothing.
const SETTLES: Duration = Duration::from_secs(1);
/// How often we go where the repository has moved.
const MOVES_MAX: u8 = 3;
/// How often one is made without an answer that it was.
const CREATES_MAX: u8 = 3;

/// What is wanted.
#[derive(Debug, Clone, Default)]
pub(super) struct Orders {
    status: Option<Status>,
    number: u64,
    /// Whether it is the word of a process that has not seen the run begin.
    pub(super) from_outside: bool,
    /// Nothing more will come, and this is how long there is.
    pub(super) close_by: Option<Instant>,
}

impl Orders {
    pub(super) fn tell(&mut self, status: Status) {
        self.status = Some(status);
        self.number += 1;
    }
}

/// What is known of GitHub's side.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    pub(super) id: Option<u64>,
    /// The number of the order that it shows, or that it would not take.
    told: u64,
    /// Whether an earlier deployment may be shown as active beside this one.
    supersedes: bool,
    /// Why it does not show what is true.
    trouble: Option<String>,
}

impl Seen {
    /// What GitHub does not show as it is, if there is something.
    pub(super) fn warning(&self) -> Option<String> {
        self.trouble.clone()
    }

    /// The same where there is no more time.
    pub(super) fn late(&self, within: Duration) -> String {
        let trouble = self.trouble.clone().unwrap_or_else(|| self.warn("no answer from GitHub"));
        format!("{trouble}; given up after {} s", within.as_secs_f32())
    }

    fn warn(&self, why: &str) -> String {
        let what = if self.supersedes {
            "GitHub may still show an earlier deployment of this environment as active"
        } else {
            "the deployment on GitHub does not show what is true"
        };
        format!("{what}: {why}")
    }
}

/// The task.
pub(super) struct Poster {
    api: Result<Api, Trouble>,
    what: Announcement,
    /// An id from an earlier process, not asked for yet.
    hint: Option<u64>,
    /// Whether GitHub may show something else than what it was told last.
    look_first: bool,
    /// Whether a status of ours may still arrive, after later ones.
    may_overtake: bool,
    /// Whether the last write ended without an answer.
    unsettled: bool,
    pause: Option<Pause>,
    tries: u32,
    moves: u8,
    creates: u8,
    orders: watch::Receiver<Orders>,
    seen: watch::Sender<Seen>,
}

/// Until when nothing is asked of GitHub.
#[derive(Clone, Copy)]
struct Pause {
    until: Instant,
    /// The same where there are news.
    at_least: Instant,
}

impl Poster {
    pub(super) fn new(
        context: &Context,
        token: &Secret,
        what: Announcement,
        hint: Option<u64>,
        orders: watch::Receiver<Orders>,
        seen: watch::Sender<Seen>,
    ) -> Self {
        Self {
            api: Api::new(context, token),
            what,
            hint,
            look_first: true,
            may_overtake: false,
            unsettled: false,
            pause: None,
            tries: 0,
            moves: 0,
            creates: 0,
            orders,
            seen,
        }
    }

    /// Until it is closed and all is told, or cannot be in that time.
    pub(super) async fn run(mut self) {
        loop {
            let orders = self.orders.borrow_and_update().clone();
            let Some(status) =
                orders.status.clone().filter(|_| self.is_untold(&orders) || self.seen.borrow().supersedes)
            else {
                if orders.close_by.is_some() || self.orders.changed().await.is_err() {
                    return;
                }
                continue;
            };
            match self.pause.filter(|pause| pause.until > Instant::now()) {
                Some(pause) if orders.close_by.is_some_and(|by| pause.until >= by) => return,
                Some(pause) => {
                    if self.wait(pause).await.is_err() {
                        return;
                    }
                }
                None => {
                    let done = if self.is_untold(&orders) {
                        self.bring(&status, orders.from_outside).await
                    } else {
                        self.supersede().await
                    };
                    self.note(orders.number, &status, done);
                }
            }
        }
    }

    fn is_untold(&self, orders: &Orders) -> bool {
        orders.number > self.seen.borrow().told
    }

    /// News may end it.
    async fn wait(&mut self, pause: Pause) -> Result<(), watch::error::RecvError> {
        tokio::select! {
            () = sleep_until(pause.until) => Ok(()),
            changed = self.orders.changed() => {
                self.pause = Some(Pause { until: pause.at_least, ..pause });
                self.tries = 0;
                changed
            }
        }
    }

    fn note(&mut self, number: u64, status: &Status, done: Result<(), Trouble>) {
        let trouble = done.err();
        let goes_on = trouble.as_ref().is_some_and(|trouble| self.may_try_again(trouble));
        if trouble.is_none() {
            (self.pause, self.tries) = (None, 0);
        }
        // GitHub does it for other environments
        let may_supersede = self.what.production && status.state() == State::Success;
        self.seen.send_modify(|seen| {
            seen.trouble = trouble.as_ref().map(|trouble| seen.warn(&trouble.text()));
            if !goes_on {
                seen.supersedes = trouble.is_none() && number > seen.told && may_supersede;
                seen.told = number;
            }
        });
    }

    fn may_try_again(&mut self, trouble: &Trouble) -> bool {
        let now = Instant::now();
        match (trouble, &mut self.api) {
            (Trouble::Unclear(_), _) => {
                let wait = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(self.tries)).min(PAUSE_MAX);
                let at_least = if self.unsettled { SETTLES } else { Duration::ZERO };
                self.tries += 1;
                self.pause = Some(Pause { until: now + wait.max(at_least), at_least: now + at_least });
                true
            }
            (Trouble::Limited(wait, _), _) => {
                self.pause = Some(Pause { until: now + *wait, at_least: now + *wait });
                true
            }
            (Trouble::Moved(to), Ok(api)) if self.moves < MOVES_MAX => {
                self.moves += 1;
                api.follow(*to);
                true
            }
            (Trouble::Refused(_) | Trouble::Missing(_) | Trouble::Moved(_), _) => false,
        }
    }

    async fn bring(&mut self, status: &Status, from_outside: bool) -> Result<(), Trouble> {
        let id = self.identify().await?;
        let api = self.api.as_ref().map_err(Trouble::clone)?;
        if self.look_first && is_told(api.newest(id).await?.as_ref(), status, from_outside) {
            self.look_first = false;
            return Ok(());
        }
        self.look_first = true;
        let posted = api.post(id, status, &self.what).await;
        self.unsettled = matches!(posted, Err(Trouble::Unclear(_)));
        let overtaken = std::mem::replace(&mut self.may_overtake, self.unsettled);
        posted?;
        if overtaken && !is_told(api.newest(id).await?.as_ref(), status, false) {
            api.post(id, status, &self.what).await?;
        }
        self.look_first = false;
        Ok(())
    }

    async fn identify(&mut self) -> Result<u64, Trouble> {
        let known = self.seen.borrow().id;
        if let Some(id) = known {
            return Ok(id);
        }
        let api = self.api.as_ref().map_err(Trouble::clone)?;
        let hinted = match self.hint {
            Some(id) if api.has(id, &self.what).await? => Some(id),
            Some(_) | None => None,
        };
        self.hint = hinted;
        let found = match hinted {
            Some(id) => Some(id),
            None => api.find(&self.what).await?,
        };
        let id = if let Some(id) = found {
            id
        } else {
            if self.creates == CREATES_MAX {
                return Err(Trouble::Refused(
                    "GitHub shows none of the deployments that it was asked to make".to_owned(),
                ));
            }
            let created = api.create(&self.what).await;
            self.unsettled = matches!(created, Err(Trouble::Unclear(_)));
            self.creates += u8::from(self.unsettled);
            let id = created?;
            self.look_first = false;
            id
        };
        self.seen.send_modify(|seen| seen.id = Some(id));
        Ok(id)
    }

    async fn supersede(&mut self) -> Result<(), Trouble> {
        let id = self.identify().await?;
        let api = self.api.as_ref().map_err(Trouble::clone)?;
        self.unsettled = false;
        api.supersede(id, &self.what).await
    }
}

/// Whether nothing has to be told. Someone who comes later and finds a success, or one that another has followed, has nothing
/// to add: to tell it again would make GitHub show it as the active one.
fn is_told(newest: Option<&api::Newest>, status: &Status, from_outside: bool) -> bool {
    let Some((state, description)) = newest else { return false };
    let is_same = *state == api::state(status.state());
    let stands = matches!(status.state(), State::Success) && (is_same || *state == api::state(State::Inactive));
    is_same && description == status.description() || from_outside && stands
}
