//! Holds answers against the OpenAPI document of the service that gives them.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use http_body_util::BodyExt;
use serde_json::Value;

use super::get;
use crate::grpc;

/// `app`, which fails the test when an answer to an operation of its
/// `/openapi.json` is not one that the document describes.
///
/// # Panics
///
/// When an operation has no failure with a schema.
pub async fn described(app: Router) -> Router {
    let (_, document) = get(&app, "/openapi.json").await;
    every_operation_has_failures(&document);
    let document = Arc::new(document);
    app.layer(from_fn(move |request, next| {
        hold(document.clone(), request, next)
    }))
}

fn every_operation_has_failures(document: &Value) {
    let paths = document["paths"].as_object().into_iter().flatten();
    for (path, operations) in paths {
        for (method, operation) in operations.as_object().into_iter().flatten() {
            let schema =
                &operation["responses"]["default"]["content"]["application/json"]["schema"];
            let resolved = resolve(document, schema);
            assert!(resolved.is_object(), "{method} {path} describes no failure");
        }
    }
}

#[expect(clippy::unwrap_used, reason = "a test helper may fail its test")]
async fn hold(document: Arc<Value>, request: Request, next: Next) -> Response {
    let method = request.method().as_str().to_lowercase();
    let path = request.uri().path().to_owned();
    let operation = operation(&document, &method, &path).cloned();
    let response = next.run(request).await;
    let Some(operation) = operation.filter(|_| !grpc::is_grpc(response.headers())) else {
        return response;
    };
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let status = parts.status.as_u16();
    let told = format!(
        "{method} {path} answered {status} {}",
        String::from_utf8_lossy(&body)
    );
    let responses = &operation["responses"];
    let exact = &responses[status.to_string()];
    let fallback = if status >= 400 {
        &responses["default"]
    } else {
        &Value::Null
    };
    let described = if exact.is_null() { fallback } else { exact };
    assert!(described.is_object(), "{told}: no such status is described");
    let media_type = parts.headers.get(CONTENT_TYPE);
    let media_type = media_type.map(|value| value.to_str().unwrap().split(';').next().unwrap());
    match described["content"].as_object() {
        Some(content) => {
            let found = content
                .iter()
                .find(|(name, _)| name.split(';').next().map(str::trim) == media_type);
            let Some((name, content)) = found else {
                panic!("{told}: {media_type:?} is not described");
            };
            if name.contains("json") {
                let value = serde_json::from_slice(&body).unwrap();
                if let Err(fault) = fits(&document, &content["schema"], &value) {
                    panic!("{told}: {fault}");
                }
            }
        }
        None => assert!(body.is_empty(), "{told}: described without a body"),
    }
    Response::from_parts(parts, Body::from(body))
}

/// The operation of `document` that answers `method path`: of several paths that
/// match, the one with the fewest parameters.
fn operation<'a>(document: &'a Value, method: &str, path: &str) -> Option<&'a Value> {
    let paths = document["paths"].as_object()?.iter();
    let paths = paths.filter(|(template, _)| matches(template, path));
    let (_, operations) = paths.min_by_key(|(template, _)| template.matches('{').count())?;
    operations.get(method)
}

fn matches(template: &str, path: &str) -> bool {
    if let Some((start, _)) = template.split_once("{*") {
        return path.len() > start.len() && path.starts_with(start);
    }
    let (template, path) = (template.split('/'), path.split('/'));
    template.clone().count() == path.clone().count()
        && template.zip(path).all(|(expected, part)| {
            expected == part || expected.starts_with('{') && !part.is_empty()
        })
}

fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => document
            .pointer(reference.trim_start_matches('#'))
            .unwrap_or(&Value::Null),
        None => schema,
    }
}

/// Whether `value` is as `schema` says: the part of JSON Schema that utoipa
/// writes, and besides no property that is not named.
fn fits(document: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let schema = resolve(document, schema);
    let fits_one =
        |schemas: &Vec<Value>| schemas.iter().any(|one| fits(document, one, value).is_ok());
    if let Some(schemas) = schema["oneOf"].as_array() {
        return if fits_one(schemas) {
            Ok(())
        } else {
            Err(format!("{value} is none of {schema}"))
        };
    }
    has_type(&schema["type"], value)?;
    match value {
        Value::Array(items) if schema["items"].is_object() => items
            .iter()
            .try_for_each(|item| fits(document, &schema["items"], item)),
        // An object of which nothing is said may hold anything.
        Value::Object(_)
            if schema["properties"].is_null() && schema["additionalProperties"].is_null() =>
        {
            Ok(())
        }
        Value::Object(fields) => {
            let required = schema["required"].as_array().into_iter().flatten();
            for name in required.filter_map(Value::as_str) {
                fields
                    .get(name)
                    .ok_or_else(|| format!("{name} is missing"))?;
            }
            fields.iter().try_for_each(|(name, field)| {
                let named = &schema["properties"][name];
                let schema = if named.is_null() {
                    &schema["additionalProperties"]
                } else {
                    named
                };
                if schema.is_null() {
                    return Err(format!("{name} is not described"));
                }
                fits(document, schema, field).map_err(|fault| format!("{name}: {fault}"))
            })
        }
        _ => Ok(()),
    }
}

fn has_type(expected: &Value, value: &Value) -> Result<(), String> {
    let is = |name: &str| match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    };
    let fits = match expected {
        Value::String(name) => is(name),
        Value::Array(names) => names.iter().filter_map(Value::as_str).any(is),
        _ => true,
    };
    fits.then_some(())
        .ok_or_else(|| format!("{value} is no {expected}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn document() -> Value {
        json!({
            "paths": {"/a/{id}": {"get": 1}, "/a/size": {"get": 2}, "/c/{*any}": {"get": 3}},
            "components": {"schemas": {"Sock": {
                "type": "object",
                "required": ["id"],
                "properties": {"id": {"type": "string"}, "tag": {"type": ["array", "null"], "items": {"type": "string"}}},
            }}},
        })
    }

    #[test]
    fn an_operation_is_found_by_its_path() {
        let document = document();
        let found = |path| operation(&document, "get", path).and_then(Value::as_i64);
        assert_eq!(found("/a/1"), Some(1));
        assert_eq!(found("/a/size"), Some(2));
        assert_eq!(found("/c/x/y"), Some(3));
        assert_eq!(found("/a/1/2"), None);
    }

    #[test]
    fn a_value_that_is_not_as_described_is_found() {
        let document = document();
        let sock = json!({"$ref": "#/components/schemas/Sock"});
        let fits = |value| fits(&document, &sock, &value);
        assert_eq!(fits(json!({"id": "1", "tag": ["blue"]})), Ok(()));
        assert_eq!(fits(json!({"id": "1", "tag": null})), Ok(()));
        for bad in [
            json!({}),
            json!({"id": 1}),
            json!({"id": "1", "tag": [1]}),
            json!({"id": "1", "name": "Holy"}),
            json!(null),
        ] {
            assert!(fits(bad.clone()).is_err(), "{bad}");
        }
    }
}
