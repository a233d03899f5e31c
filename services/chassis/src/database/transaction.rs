//! The only way to write: a transaction whose commit is seen.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AnyPool, Executor};
use tokio::time::timeout;

use crate::Result;

/// A transaction that can write. Nothing of it is kept, and nothing of it may be
/// acknowledged, unless [`commit`](Self::commit) succeeds; dropped before, it is
/// rolled back.
///
/// Statements run on the connection it dereferences to. A connection whose begin,
/// commit or rollback failed, or was given up, is closed and never used again.
#[derive(Debug)]
#[must_use = "what is not committed is rolled back"]
pub struct WriteTransaction {
    // Taken when it ends, and only then.
    connection: Option<PoolConnection<Any>>,
    /// Whether it is known that a transaction is open. It is not while a begin or a
    /// commit is under way, or when one failed.
    is_open: bool,
}

/// A rollback that takes longer is given up, and its connection with it.
const ROLLBACK_TIMEOUT: Duration = Duration::from_secs(3);

impl WriteTransaction {
    /// Begins on a connection of `pool` by `statement`, such as `BEGIN IMMEDIATE`.
    pub(super) async fn begin(pool: &AnyPool, statement: &'static str) -> Result<Self> {
        let mut transaction = Self {
            connection: Some(pool.acquire().await?),
            is_open: false,
        };
        transaction.execute(statement).await?;
        transaction.is_open = true;
        Ok(transaction)
    }

    /// Makes everything it wrote last. When this fails nobody can know whether it
    /// was kept: only a request that may be repeated is sent again.
    pub async fn commit(mut self) -> Result<()> {
        self.is_open = false;
        self.execute("COMMIT").await?;
        self.connection.take();
        Ok(())
    }
}

impl Drop for WriteTransaction {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else {
            return;
        };
        if self.is_open {
            tokio::spawn(async move {
                let rollback = timeout(ROLLBACK_TIMEOUT, connection.execute("ROLLBACK"));
                if !matches!(rollback.await, Ok(Ok(_))) {
                    connection.close_on_drop();
                }
            });
        } else {
            connection.close_on_drop();
        }
    }
}

impl Deref for WriteTransaction {
    type Target = AnyConnection;

    #[expect(clippy::expect_used, reason = "only the end takes the connection")]
    fn deref(&self) -> &AnyConnection {
        self.connection.as_ref().expect("an open transaction")
    }
}

impl DerefMut for WriteTransaction {
    #[expect(clippy::expect_used, reason = "only the end takes the connection")]
    fn deref_mut(&mut self) -> &mut AnyConnection {
        self.connection.as_mut().expect("an open transaction")
    }
}
