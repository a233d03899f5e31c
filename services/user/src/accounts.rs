//! Opening an account, and signing in to it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use chassis::{Error, Result, ids};
use tokio::sync::oneshot;
use validation::text::{normalized, spellings};

use crate::customer::{Account, NewCustomer};
use crate::login_throttle::LoginThrottle;
use crate::password::{self, Verdict};
use crate::queue::{Permit, Purpose, Queue};
use crate::source::Source;
use crate::verified_cache::VerifiedCache;
use crate::{Customer, Store, validate};

/// Each hash takes 19 MiB while it is computed: so many at once and no more.
const HASHES_AT_ONCE: usize = 2;

/// Opens accounts and checks passwords. Clones share what they know.
#[derive(Clone)]
pub struct Accounts(Arc<Inner>);

struct Inner {
    store: Store,
    hashing: Queue,
    attempts: Mutex<LoginThrottle>,
    remembered: Mutex<VerifiedCache>,
}

/// Somebody at the door.
#[derive(Clone)]
struct SignIn {
    username: String,
    password: String,
    source: Source,
    account: Option<Account>,
}

impl Accounts {
    /// Accounts kept in `store`.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self(Arc::new(Inner {
            store,
            hashing: Queue::new(HASHES_AT_ONCE),
            attempts: Mutex::default(),
            remembered: Mutex::default(),
        }))
    }

    /// Opens an account for somebody at `source` and returns its customer.
    ///
    /// Fails with [`Error::Exhausted`] when too many passwords wait to be hashed.
    pub async fn register(&self, wish: NewCustomer, source: Source) -> Result<Customer> {
        let wish = wish.checked()?;
        // The store decides about this spelling; this finds others, and saves a hash when the answer is known.
        if self.0.account(&wish.username).await?.is_some() {
            return Err(Error::Exists("username"));
        }
        let permit = self.0.hashing.permit((Purpose::Register, source)).await?;
        let typed = wish.password;
        let password = on_its_own_thread(permit, move || password::hash(&typed)).await?;
        let customer = Customer {
            id: ids::new_id(),
            username: wish.username,
            email: wish.profile.email,
            first_name: wish.profile.first_name,
            last_name: wish.profile.last_name,
        };
        self.0.store.create_customer(&customer, &password).await?;
        tracing::info!(customer_id = customer.id, "account opened");
        Ok(customer)
    }

    /// Returns the customer called `username` whose password is `password`, and
    /// who is at `source`.
    ///
    /// Fails alike, and after the same time, for an unknown name and a wrong
    /// password; with [`Error::Exhausted`] after too many failures, and when too
    /// many passwords wait to be hashed.
    pub async fn sign_in(
        &self,
        (username, password): (&str, &str),
        source: Source,
    ) -> Result<Customer> {
        if !validate::is_fit(username) || !validate::is_fit(password) {
            return Err(Error::Unauthorized); // nobody can have registered with these
        }
        let name = normalized(username.trim());
        self.0.attempts().admit(&name, source, Instant::now())?;
        let visitor = SignIn {
            username: name,
            password: password.to_owned(),
            source,
            account: self.0.account(username).await?,
        };
        if let Some(customer) = self.0.recognise(&visitor) {
            return Ok(customer);
        }
        let permit = self.0.hashing.permit((Purpose::SignIn, source)).await?;
        let (inner, at_work) = (self.0.clone(), visitor.clone());
        let verdict = on_its_own_thread(permit, move || inner.verify(&at_work)).await?;
        self.let_in(visitor, verdict).await
    }

    async fn let_in(&self, visitor: SignIn, verdict: Verdict) -> Result<Customer> {
        let (Verdict::Right | Verdict::Outdated(_), Some(account)) = (&verdict, visitor.account)
        else {
            return Err(Error::Unauthorized);
        };
        if let Verdict::Outdated(fresh) = verdict {
            let (id, old) = (&account.customer.id, &account.password);
            self.0.store.change_password(id, old, &fresh).await?;
        }
        Ok(account.customer)
    }
}

impl Inner {
    /// The account of `username`, in whichever spelling it was opened: as typed
    /// before all others, then in the form in which names are stored today.
    async fn account(&self, username: &str) -> Result<Option<Account>> {
        let mut names = vec![username.to_owned()];
        for spelling in spellings(username.trim()) {
            if !names.contains(&spelling) {
                names.push(spelling);
            }
        }
        for name in names {
            let found = self.store.account(&name).await?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Checks the password of a visitor. What happened while they waited for
    /// their turn counts: others may have failed, or been verified, meanwhile.
    fn verify(&self, visitor: &SignIn) -> Result<Verdict> {
        let (name, source) = (&visitor.username, visitor.source);
        self.attempts().admit(name, source, Instant::now())?;
        if self.recognise(visitor).is_some() {
            return Ok(Verdict::Right);
        }
        let account = visitor.account.as_ref();
        let stored = account.map(|account| account.password.as_str());
        let verdict = check_spellings(stored, &visitor.password)?;
        match (&verdict, account) {
            (Verdict::Wrong, _) => self.attempts().failed(name, source, Instant::now()),
            (Verdict::Right, Some(account)) => self.remembered().remember(
                &account.customer.id,
                &account.password,
                &visitor.password,
                Instant::now(),
            ),
            _ => {}
        }
        Ok(verdict)
    }

    /// The visitor's customer, when the password was verified a moment ago.
    fn recognise(&self, visitor: &SignIn) -> Option<Customer> {
        let Account { customer, password } = visitor.account.as_ref()?;
        let now = Instant::now();
        let known = self
            .remembered()
            .knows(&customer.id, password, &visitor.password, now);
        known.then(|| customer.clone())
    }

    fn attempts(&self) -> MutexGuard<'_, LoginThrottle> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remembered(&self) -> MutexGuard<'_, VerifiedCache> {
        self.remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Checks `password` in each of its spellings: the one that was hashed depends
/// on the keyboard it was chosen with, if that was before passwords were
/// normalized. A password without accents has one.
fn check_spellings(stored: Option<&str>, password: &str) -> Result<Verdict> {
    let mut verdict = Verdict::Wrong;
    for spelling in spellings(password) {
        if verdict == Verdict::Wrong {
            verdict = password::check(stored, &spelling)?;
        }
    }
    Ok(verdict)
}

/// Runs slow `work` where it holds up nobody, keeping the permit until it is
/// done even when the caller has gone.
async fn on_its_own_thread<T: Send + 'static>(
    permit: Permit,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let (done, outcome) = oneshot::channel();
    let work = move || {
        let _permit = permit;
        lower_priority();
        drop(done.send(work()));
    };
    let thread = std::thread::Builder::new().name("password".to_owned());
    thread.spawn(work).map_err(Error::unavailable)?;
    outcome.await.map_err(Error::internal)?
}

/// Lets all other threads go first when processors are short: who signs in can
/// wait a little, and nobody else should have to. For good, as one may not step
/// forward again; hence a thread of its own.
#[cfg(target_os = "linux")]
fn lower_priority() {
    // A thread on Linux, and the whole process elsewhere (nice(2), "C library/kernel differences").
    _ = rustix::process::nice(5);
}

#[cfg(not(target_os = "linux"))]
fn lower_priority() {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn passwords_are_hashed_behind_everybody_else() {
        let niceness = || rustix::process::nice(0).map_err(Error::internal);
        let lane = (Purpose::SignIn, Source::default());
        let permit = Queue::new(1).permit(lane).await.unwrap();
        let at_work = on_its_own_thread(permit, niceness).await.unwrap();
        let here = niceness().unwrap();
        assert_eq!(at_work, (here + 5).min(19), "and nobody else steps back");
    }
}
