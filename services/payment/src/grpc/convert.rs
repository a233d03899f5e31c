//! Conversion of authorisations to their protobuf message.

use proto::payment as pb;

use crate::authorisation::Authorisation;

impl From<Authorisation> for pb::Authorisation {
    fn from(authorisation: Authorisation) -> Self {
        Self {
            id: authorisation.id,
            order_id: authorisation.order_id,
            amount_cents: authorisation.amount_cents,
            authorised: authorisation.decision.authorised,
            message: authorisation.decision.message,
            at_ms: authorisation.at_ms,
            voided: authorisation.voided_at_ms.is_some(),
        }
    }
}
