//! How long a page waits for what it reads. A service that hangs is as good as
//! one that is away, and a visitor must not have to wait to be told.

use std::time::Duration;

use chassis::deadline;
use tonic::{Response, Status};

/// Time limit for reads: two attempts of a second each, where a service has several instances.
pub(crate) const READ_TIMEOUT: Duration = Duration::from_secs(2);

/// Waits for what a page can be shown without, but no longer than [`READ_TIMEOUT`].
pub(crate) async fn soon<T>(call: impl Future<Output = Result<T, Status>>) -> Result<T, Status> {
    deadline::within(READ_TIMEOUT, Box::pin(call)).await?
}

/// Likewise, and unpacks the answer.
pub(crate) async fn call<T>(
    call: impl Future<Output = Result<Response<T>, Status>>,
) -> chassis::Result<T> {
    Ok(soon(call).await?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chassis::Error;

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_a_service_that_hangs() {
        let begun = tokio::time::Instant::now();
        let never = call::<()>(std::future::pending()).await;
        assert!(matches!(never, Err(Error::Timeout)));
        assert_eq!(begun.elapsed(), READ_TIMEOUT);
    }
}
