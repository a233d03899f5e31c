//! Load profiles: what a virtual user does in one visit.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chassis::{clock, ids};
use tokio_util::sync::CancellationToken;

use crate::browser::{Browser, Net};
use crate::engine::Arrival;
use crate::journal::{Entry, Journal};
use crate::pool::VisitorPool;
use crate::recorder::{Purchase, Recorder};

pub mod classic;
pub mod plan;
pub mod shopper;

use plan::Plan;
use shopper::Shopper;

/// Behaviour profile of the visitors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Profile {
    /// The nine requests of the original load test, all on one account.
    #[default]
    Classic,
    /// People with accounts of their own, who look around and buy.
    Shopper,
}

impl Profile {
    /// Returns the name used on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Classic => "classic",
            Self::Shopper => "shopper",
        }
    }
}

/// What all visitors of one run have in common.
#[derive(Debug)]
pub struct RunContext {
    /// The way to the shop.
    pub net: Arc<Net>,
    /// Where figures are taken down.
    pub recorder: Arc<Recorder>,
    /// Where acknowledged orders are, if anywhere.
    pub journal: Option<Journal>,
    /// Tells names made in this run from those of others.
    pub run: String,
    /// Decides what visitors do.
    pub seed: u64,
    /// How long they think, on average.
    pub think: Duration,
    /// Enough, after so many acknowledged orders.
    pub enough: Option<u64>,
    /// Cancellation token that ends the run.
    pub stop: CancellationToken,
    /// Why the run is worth nothing.
    pub broken: OnceLock<anyhow::Error>,
}

impl RunContext {
    /// Creates the context of a run against one shop, with nothing recorded yet.
    #[must_use]
    pub fn new(net: Net, seed: u64) -> Self {
        Self {
            net: Arc::new(net),
            recorder: Arc::new(Recorder::begin()),
            journal: None,
            run: ids::new_id(),
            seed,
            think: Duration::from_secs(1),
            enough: None,
            stop: CancellationToken::new(),
            broken: OnceLock::new(),
        }
    }

    /// A browser that nobody has used.
    #[must_use]
    pub fn browser(&self, visitor: u64) -> Browser {
        Browser::new(self.net.clone(), self.recorder.clone(), visitor)
    }

    /// A client was told that an order is placed: it counts once it is in the journal.
    pub async fn acknowledge(&self, mut entry: Entry) {
        entry.at = clock::now_ms();
        if let Some(journal) = &self.journal
            && let Err(error) = journal.keep(entry).await
        {
            _ = self.broken.set(error);
            self.stop.cancel();
            return;
        }
        self.recorder.purchase(Purchase::Acknowledged);
        let orders = self.recorder.read(|figures| figures.purchases.acknowledged);
        if self.enough.is_some_and(|enough| orders >= enough) {
            self.stop.cancel();
        }
    }
}

/// Everybody there is, and what they do.
#[derive(Debug)]
pub struct VirtualUsers {
    context: Arc<RunContext>,
    members: Members,
    always_return: bool,
}

#[derive(Debug)]
enum Members {
    Classic(VisitorPool<Browser>),
    Shopper(VisitorPool<Shopper>),
}

impl VirtualUsers {
    /// Nobody yet. With `always_return`, a visit is made by somebody who has
    /// been here, as long as anybody is free.
    #[must_use]
    pub fn new(profile: Profile, context: Arc<RunContext>, always_return: bool) -> Self {
        let members = match profile {
            Profile::Classic => Members::Classic(VisitorPool::default()),
            Profile::Shopper => Members::Shopper(VisitorPool::default()),
        };
        Self {
            context,
            members,
            always_return,
        }
    }

    /// Performs the visit of one arrival.
    pub async fn visit(self: Arc<Self>, arrival: Arrival) {
        let context = &*self.context;
        let plan = Plan::of(context.seed, arrival.number, context.think);
        match &self.members {
            Members::Classic(pool) => {
                let mut browser = pool.next(true, |number| context.browser(number));
                browser.begin(arrival.due);
                classic::visit(context, &mut browser, plan.first()).await;
                pool.leave(browser);
            }
            Members::Shopper(pool) => {
                let returns = self.always_return || plan.returns;
                let mut shopper = pool.next(returns, |number| Shopper::new(context, number));
                shopper.visit(context, &plan, arrival).await;
                pool.leave(shopper);
            }
        }
    }

    /// How many people have been here.
    #[must_use]
    pub fn met(&self) -> u64 {
        match &self.members {
            Members::Classic(pool) => pool.met(),
            Members::Shopper(pool) => pool.met(),
        }
    }
}
