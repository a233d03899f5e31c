//! Processing of one shipment, from leased to shipped.

use std::time::Duration;

use chassis::fault::failpoint::fail_point;
use chassis::{Shutdown, clock};
use metrics::counter;
use proto::shipping::{
    CompleteShipmentRequest, FailShipmentRequest, Lease, PackShipmentRequest, Shipment, State,
};
use tonic::{Code, Status};

use super::Worker;

/// Delay between attempts to report to shipping.
const RETRY_DELAY: Duration = Duration::from_millis(200);

impl Worker {
    /// Packs and ships a shipment, or releases its lease when the process closes.
    pub(super) async fn process(&self, lease: Lease, shutdown: &Shutdown) {
        let Some(shipment) = &lease.shipment else {
            tracing::error!(token = lease.token, "lease without a shipment ignored");
            return;
        };
        let outcome = tokio::select! {
            shipped = self.ship(&lease, shipment) => match shipped {
                Ok(shipped) => {
                    tracing::info!(name = shipped.name, shipment = shipped.id,
                        order = shipped.order_id, attempts = shipped.attempts, "shipped");
                    "shipped"
                }
                Err(status) => {
                    tracing::warn!(name = shipment.name, shipment = shipment.id,
                        code = ?status.code(), cause = status.message(), "lease lost, shipment abandoned");
                    "lost"
                }
            },
            () = shutdown.closing() => self.release(&lease, shipment).await,
        };
        counter!("shipments_handled_total", "outcome" => outcome).increment(1);
    }

    async fn ship(&self, lease: &Lease, shipment: &Shipment) -> Result<Shipment, Status> {
        if shipment.state() != State::Packed {
            tokio::time::sleep(self.settings.pack_time).await;
            self.pack(lease, &shipment.id).await?;
            fail_point("worker-packed");
        }
        tokio::time::sleep(self.settings.ship_time).await;
        self.complete(lease, &shipment.id).await
    }

    async fn pack(&self, lease: &Lease, id: &str) -> Result<Shipment, Status> {
        let request = PackShipmentRequest {
            id: id.to_owned(),
            token: lease.token.clone(),
        };
        loop {
            match self.shipping.clone().pack_shipment(request.clone()).await {
                Ok(packed) => return Ok(packed.into_inner()),
                Err(status) => wait_before_retry(status, lease).await?,
            }
        }
    }

    async fn complete(&self, lease: &Lease, id: &str) -> Result<Shipment, Status> {
        let request = CompleteShipmentRequest {
            id: id.to_owned(),
            token: lease.token.clone(),
        };
        loop {
            match self
                .shipping
                .clone()
                .complete_shipment(request.clone())
                .await
            {
                Ok(shipped) => return Ok(shipped.into_inner()),
                Err(status) => wait_before_retry(status, lease).await?,
            }
        }
    }

    async fn release(&self, lease: &Lease, shipment: &Shipment) -> &'static str {
        let request = FailShipmentRequest {
            id: shipment.id.clone(),
            token: lease.token.clone(),
            reason: "the worker ended".to_owned(),
            given_back: true,
        };
        match self.shipping.clone().fail_shipment(request).await {
            Ok(_) => "returned",
            Err(status) => {
                tracing::warn!(shipment = shipment.id, code = ?status.code(),
                    "cannot release the lease, it has to expire");
                "lost"
            }
        }
    }
}

/// Waits before the next attempt. Fails when the error is permanent or the lease has
/// expired.
async fn wait_before_retry(status: Status, lease: &Lease) -> Result<(), Status> {
    let permanent = matches!(
        status.code(),
        Code::FailedPrecondition | Code::NotFound | Code::InvalidArgument | Code::Unimplemented
    );
    if permanent || clock::now_ms() >= lease.expires_at_ms {
        return Err(status);
    }
    tokio::time::sleep(RETRY_DELAY).await;
    Ok(())
}
