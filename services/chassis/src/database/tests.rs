//! What a database keeps, and what it says when it cannot.

use std::path::PathBuf;

use sqlx::Executor;
use sqlx::migrate::Migrator;

use super::Database;

/// A database in a folder of its own, which goes with it.
struct Scratch {
    folder: tempfile::TempDir,
}

impl Scratch {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("test.db")
    }

    async fn open(&self) -> anyhow::Result<Database> {
        let url = format!("sqlite://{}?mode=rwc", self.file().display());
        Database::open(&url, &Migrator::with_migrations(Vec::new())).await
    }
}

/// Databases of both kinds: of PostgreSQL where a server is given.
async fn databases(scratch: &Scratch) -> Vec<Database> {
    let mut databases = vec![scratch.open().await.unwrap()];
    let url = crate::testing::database_url().await;
    if url.starts_with("postgres") {
        let none = Migrator::with_migrations(Vec::new());
        databases.push(Database::open(&url, &none).await.unwrap());
    }
    databases
}

async fn fill(database: &Database, n: i64) {
    let mut change = database.begin_write().await.unwrap();
    let create = "CREATE TABLE IF NOT EXISTS kept (n BIGINT)";
    change.execute(create).await.unwrap();
    let insert = sqlx::query("INSERT INTO kept VALUES ($1)").bind(n);
    insert.execute(&mut *change).await.unwrap();
    change.commit().await.unwrap();
}

async fn kept(database: &Database) -> i64 {
    let count = sqlx::query_scalar("SELECT count(*) FROM kept");
    count.fetch_one(database.reads()).await.unwrap()
}

#[tokio::test]
async fn a_connection_whose_commit_failed_is_replaced() {
    let scratch = Scratch::new();
    let database = scratch.open().await.unwrap();
    // What SQLite does on a full disk: the transaction has ended, and the driver does not know.
    let mut transaction = database.begin_write().await.unwrap();
    transaction.execute("ROLLBACK").await.unwrap();
    assert!(transaction.commit().await.is_err());
    fill(&database, 1).await;
    assert_eq!(kept(&database).await, 1);
}

#[tokio::test]
async fn a_connection_whose_rollback_failed_is_replaced() {
    let scratch = Scratch::new();
    let database = scratch.open().await.unwrap();
    let mut transaction = database.begin_write().await.unwrap();
    transaction.execute("ROLLBACK").await.unwrap();
    drop(transaction);
    fill(&database, 1).await;
    assert_eq!(kept(&database).await, 1);
}

#[tokio::test]
async fn what_is_not_committed_is_not_kept() {
    let scratch = Scratch::new();
    for database in databases(&scratch).await {
        fill(&database, 1).await;
        let mut change = database.begin_write().await.unwrap();
        change.execute("INSERT INTO kept VALUES (2)").await.unwrap();
        drop(change);
        assert_eq!(kept(&database).await, 1);
    }
}

#[tokio::test]
async fn the_reading_side_refuses_to_write() {
    let scratch = Scratch::new();
    for database in databases(&scratch).await {
        fill(&database, 1).await;
        for write in [
            "INSERT INTO kept VALUES (2)",
            "INSERT INTO kept VALUES (2) RETURNING n",
            "DELETE FROM kept",
            "CREATE TABLE other (n BIGINT)",
        ] {
            let refused = database.reads().execute(write).await;
            let refused = crate::Error::from(refused.unwrap_err());
            assert_eq!(refused.cause(), "cannot write: read-only", "{write}");
        }
        assert_eq!(kept(&database).await, 1);
    }
}

#[tokio::test]
async fn a_full_disk_is_named_as_such() {
    let scratch = Scratch::new();
    let database = scratch.open().await.unwrap();
    let mut limit = database.begin_write().await.unwrap();
    // As on a full disk, the next page cannot be had.
    limit.execute("PRAGMA max_page_count = 1").await.unwrap();
    let create = "CREATE TABLE big AS SELECT randomblob(100000) AS n";
    let full = crate::Error::from(limit.execute(create).await.unwrap_err());
    assert_eq!(full.cause(), "cannot write: disk full");
    assert!(matches!(full, crate::Error::Unavailable(_)));
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_not_ready_until_it_can() {
    let scratch = Scratch::new();
    let database = scratch.open().await.unwrap();
    let refuse_writes = async |refused: bool| {
        let mut setting = database.begin_write().await.unwrap();
        let pragma = format!("PRAGMA query_only = {refused}");
        setting.execute(sqlx::AssertSqlSafe(pragma)).await.unwrap();
        setting.commit().await.unwrap();
    };
    refuse_writes(true).await;
    let unready = database.ping_write().await.unwrap_err();
    assert_eq!(unready.cause(), "cannot write: read-only");
    refuse_writes(false).await;
    while database.ping_write().await.is_err() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_copy_of_the_file_alone_is_complete_after_closing() {
    let scratch = Scratch::new();
    let database = scratch.open().await.unwrap();
    for n in 0..20 {
        fill(&database, n).await;
    }
    assert_eq!(kept(&database).await, 20);
    database.close().await;
    let elsewhere = Scratch::new();
    std::fs::copy(scratch.file(), elsewhere.file()).unwrap();
    assert_eq!(kept(&elsewhere.open().await.unwrap()).await, 20);
}

#[tokio::test]
async fn nobody_else_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new();
    let database = scratch.open().await.unwrap();
    fill(&database, 1).await;
    for file in std::fs::read_dir(scratch.folder.path()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.path().display());
    }
}

#[tokio::test]
async fn a_damaged_file_is_named_as_such() {
    let scratch = Scratch::new();
    let database = scratch.open().await.unwrap();
    for n in 0..20 {
        fill(&database, n).await;
    }
    database.close().await;
    let whole = std::fs::read(scratch.file()).unwrap();
    let truncated = &whole[..whole.len() / 2];
    for damaged in [
        truncated,
        b"this is a letter, and by no means a database file",
    ] {
        std::fs::write(scratch.file(), damaged).unwrap();
        let error = scratch.open().await.unwrap_err().to_string();
        assert!(
            error.contains("test.db") && error.contains("is damaged"),
            "{error}"
        );
    }
}
