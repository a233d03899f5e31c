//! Database row of a shipment, with its insert and update statements.

use chassis::{Database, Error, Result, WriteTransaction};

use crate::shipment::Shipment;

/// Database row of a shipment.
#[derive(sqlx::FromRow)]
pub(super) struct Row {
    id: String,
    order_id: Option<String>,
    name: String,
    state: String,
    attempts: i64,
    lapses: i64,
    worker: String,
    token: String,
    due_at_ms: Option<i64>,
    created_at_ms: i64,
    packed_at_ms: Option<i64>,
    shipped_at_ms: Option<i64>,
    failure: String,
}

impl TryFrom<Row> for Shipment {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: row.id,
            order_id: row.order_id,
            name: row.name,
            state: row.state.as_str().try_into()?,
            attempts: row.attempts,
            expired_leases: row.lapses,
            worker: row.worker,
            token: row.token,
            due_at_ms: row.due_at_ms,
            created_at_ms: row.created_at_ms,
            packed_at_ms: row.packed_at_ms,
            shipped_at_ms: row.shipped_at_ms,
            failure: row.failure,
        })
    }
}

/// Inserts a shipment. Returns false when its id or its order exists already.
pub(super) async fn insert(shipment: &Shipment, database: &Database) -> Result<bool> {
    let mut transaction = database.begin_write().await?;
    let done = sqlx::query(
        "INSERT INTO shipment (id, order_id, name, state, attempts, worker, token,
             due_at_ms, created_at_ms, failure)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT DO NOTHING",
    )
    .bind(&shipment.id)
    .bind(&shipment.order_id)
    .bind(&shipment.name)
    .bind(shipment.state.as_str())
    .bind(shipment.attempts)
    .bind(&shipment.worker)
    .bind(&shipment.token)
    .bind(shipment.due_at_ms)
    .bind(shipment.created_at_ms)
    .bind(&shipment.failure)
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(done.rows_affected() == 1)
}

/// Updates the mutable columns of a shipment.
pub(super) async fn update(shipment: &Shipment, transaction: &mut WriteTransaction) -> Result<()> {
    sqlx::query(
        "UPDATE shipment SET state = $2, attempts = $3, worker = $4, token = $5, due_at_ms = $6,
             packed_at_ms = $7, shipped_at_ms = $8, failure = $9, lapses = $10
         WHERE id = $1",
    )
    .bind(&shipment.id)
    .bind(shipment.state.as_str())
    .bind(shipment.attempts)
    .bind(&shipment.worker)
    .bind(&shipment.token)
    .bind(shipment.due_at_ms)
    .bind(shipment.packed_at_ms)
    .bind(shipment.shipped_at_ms)
    .bind(&shipment.failure)
    .bind(shipment.expired_leases)
    .execute(&mut **transaction)
    .await?;
    Ok(())
}
