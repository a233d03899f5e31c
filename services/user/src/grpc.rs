//! The users over gRPC.

mod convert;

use axum::Router;
use chassis::forwarded::CLIENT_ADDRESS;
use chassis::ids::new_id;
use proto::user as pb;
use proto::user::users_server::{Users, UsersServer};
use tonic::{Request, Response, Status};

use crate::card::{CardKey, CardPolicy, NewCard};
use crate::customer::Profile;
use crate::validate::{id, optional_id};
use crate::{Accounts, Address, Source, Store};

type Answer<T> = Result<Response<T>, Status>;

/// Router of the gRPC API.
pub fn routes(store: Store, accounts: Accounts, card_key: Option<CardKey>) -> Router {
    let service = Service {
        store,
        accounts,
        card_key,
    };
    chassis::grpc::mount(UsersServer::new(service))
}

struct Service {
    store: Store,
    accounts: Accounts,
    card_key: Option<CardKey>,
}

#[tonic::async_trait]
impl Users for Service {
    async fn sign_in(&self, request: Request<pb::SignInRequest>) -> Answer<pb::Customer> {
        let source = source(&request);
        let request = request.into_inner();
        let credentials = (&*request.username, &*request.password);
        let customer = self.accounts.sign_in(credentials, source).await?;
        Ok(Response::new(customer.into()))
    }

    async fn register(&self, request: Request<pb::RegisterRequest>) -> Answer<pb::Customer> {
        let source = source(&request);
        let request = request.into_inner();
        let customer = self.accounts.register(request.into(), source).await?;
        Ok(Response::new(customer.into()))
    }

    async fn get_customer(&self, request: Request<pb::GetCustomerRequest>) -> Answer<pb::Customer> {
        let customer = self.store.customer(&id(&request.get_ref().id)?).await?;
        Ok(Response::new(customer.into()))
    }

    async fn update_customer(
        &self,
        request: Request<pb::UpdateCustomerRequest>,
    ) -> Answer<pb::Customer> {
        let request = request.into_inner();
        let id = id(&request.id)?;
        let profile = Profile::from(request).checked()?;
        let customer = self.store.update_customer(&id, &profile).await?;
        Ok(Response::new(customer.into()))
    }

    async fn delete_customer(
        &self,
        request: Request<pb::DeleteCustomerRequest>,
    ) -> Answer<pb::DeleteCustomerResponse> {
        self.store
            .delete_customer(&id(&request.get_ref().id)?)
            .await?;
        Ok(Response::new(pb::DeleteCustomerResponse {}))
    }

    async fn list_addresses(
        &self,
        request: Request<pb::ListAddressesRequest>,
    ) -> Answer<pb::ListAddressesResponse> {
        let owner = id(&request.get_ref().customer_id)?;
        let addresses = self.store.addresses_of(&owner).await?;
        let addresses = addresses.into_iter().map(pb::Address::from).collect();
        Ok(Response::new(pb::ListAddressesResponse { addresses }))
    }

    async fn get_address(&self, request: Request<pb::GetAddressRequest>) -> Answer<pb::Address> {
        let request = request.get_ref();
        let (id, owner) = ids(&request.id, &request.customer_id)?;
        let address = self.store.address(&id, owner.as_deref()).await?;
        Ok(Response::new(address.into()))
    }

    async fn create_address(
        &self,
        request: Request<pb::CreateAddressRequest>,
    ) -> Answer<pb::Address> {
        let request = request.into_inner();
        let owner = id(&request.customer_id)?;
        let address = Address::from(request.address.unwrap_or_default());
        let address = address.checked()?;
        let id = self.store.save_address(&address, &owner).await?;
        Ok(Response::new(Address { id, ..address }.into()))
    }

    async fn delete_address(
        &self,
        request: Request<pb::DeleteAddressRequest>,
    ) -> Answer<pb::DeleteAddressResponse> {
        let request = request.get_ref();
        let (id, owner) = ids(&request.id, &request.customer_id)?;
        self.store.delete_address(&id, owner.as_deref()).await?;
        Ok(Response::new(pb::DeleteAddressResponse {}))
    }

    async fn list_cards(
        &self,
        request: Request<pb::ListCardsRequest>,
    ) -> Answer<pb::ListCardsResponse> {
        let owner = id(&request.get_ref().customer_id)?;
        let cards = self.store.cards_of(&owner).await?;
        let cards = cards.into_iter().map(pb::Card::from).collect();
        Ok(Response::new(pb::ListCardsResponse { cards }))
    }

    async fn get_card(&self, request: Request<pb::GetCardRequest>) -> Answer<pb::Card> {
        let request = request.get_ref();
        let (id, owner) = ids(&request.id, &request.customer_id)?;
        let card = self.store.card(&id, owner.as_deref()).await?;
        Ok(Response::new(card.into()))
    }

    async fn create_card(&self, request: Request<pb::CreateCardRequest>) -> Answer<pb::Card> {
        let request = request.into_inner();
        let owner = id(&request.customer_id)?;
        let policy = CardPolicy::own(self.card_key.as_ref());
        let new = NewCard::from(request).masked(new_id(), policy)?;
        let card = self.store.save_card(&new, &owner).await?;
        Ok(Response::new(card.into()))
    }

    async fn delete_card(
        &self,
        request: Request<pb::DeleteCardRequest>,
    ) -> Answer<pb::DeleteCardResponse> {
        let request = request.get_ref();
        let (id, owner) = ids(&request.id, &request.customer_id)?;
        self.store.delete_card(&id, owner.as_deref()).await?;
        Ok(Response::new(pb::DeleteCardResponse {}))
    }
}

/// Source of a request: the client that the caller acts for.
fn source<T>(request: &Request<T>) -> Source {
    let address = request.metadata().get(CLIENT_ADDRESS);
    let address = address.and_then(|address| address.to_str().ok());
    address.map_or(Source::UNKNOWN, Source::parse)
}

/// Reads the id of a thing, and whose it must be.
fn ids(thing: &str, customer: &str) -> Result<(String, Option<String>), Status> {
    Ok((id(thing)?, optional_id(customer)?))
}
