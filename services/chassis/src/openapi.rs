//! OpenAPI documents of the services: what `utoipa` collects from the handlers, and
//! the bodies of failures, which are the same for all operations of a service.

use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::OpenApi;

/// Start of the description of a failure that the contract wants without a body.
pub const NO_BODY: &str = "No body";

/// Error body of the Go services (contract README, "Error bodies").
#[derive(Debug, ToSchema)]
pub struct GoError {
    /// Error message in lower case.
    pub error: String,
    /// HTTP status code, repeated in the body.
    pub status_code: u16,
    /// The reason phrase of that status.
    pub status_text: String,
}

/// Error body of the Spring services (contract README, "Error bodies").
#[derive(Debug, ToSchema)]
pub struct SpringError {
    /// Milliseconds since the Unix epoch.
    pub timestamp: i64,
    /// HTTP status code, repeated in the body.
    pub status: u16,
    /// The reason phrase of that status.
    pub error: String,
    /// Error message in lower case.
    pub message: String,
    /// The path of the request.
    pub path: String,
}

/// The document `api`, in which every operation has failures with a body of type
/// `E`: those it lists without a body, and the response `default` for all others.
///
/// A response that is described with other content stays as it is, and so does
/// one whose description begins with [`NO_BODY`].
#[must_use]
pub fn document<E: ToSchema>(api: &OpenApi) -> Value {
    let mut document = serde_json::to_value(api).unwrap_or_default();
    let mut schemas = vec![(E::name().into_owned(), E::schema())];
    E::schemas(&mut schemas);
    for (name, schema) in schemas {
        document["components"]["schemas"][name] = json!(schema);
    }
    let reference = format!("#/components/schemas/{}", E::name());
    let content = json!({"application/json": {"schema": {"$ref": reference}}});
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    let operations = paths.flat_map(|(_, path)| path.as_object_mut().into_iter().flatten());
    for (_, operation) in operations {
        let Some(responses) = operation["responses"].as_object_mut() else {
            continue;
        };
        let default = responses.entry("default").or_insert(Value::Null);
        default["description"] = json!("any other failure");
        for (status, response) in responses {
            if is_failure(status) && response.get("content").is_none() && has_body(response) {
                response["content"] = content.clone();
            }
        }
    }
    document
}

fn is_failure(status: &str) -> bool {
    status == "default" || status.starts_with(['4', '5'])
}

fn has_body(response: &Value) -> bool {
    let description = response["description"].as_str().unwrap_or_default();
    !description.starts_with(NO_BODY)
}
