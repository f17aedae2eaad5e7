//! For each rule a request that it lets pass, and one that it does not.

use std::time::Instant;

use serde_json::{Value, json};

use super::{Description, Rule, Verdict};
use crate::double::Request;

/// OpenAPI 3 with everything that the rules are about.
fn acme() -> Value {
    json!({
        "openapi": "3.0.3",
        "servers": [{ "url": "https://{region}.acme.example/v1/" }],
        "security": [{ "bearer": [] }],
        "paths": {
            "/keys": {
                "parameters": [{ "in": "header", "name": "Acme-Version", "required": true, "schema": { "enum": ["2026-01-01"] } }],
                "get": { "parameters": [
                    { "in": "query", "name": "limit", "schema": { "type": "integer", "maximum": 100 } },
                    { "in": "query", "name": "project", "required": true, "schema": { "type": "string" } },
                    { "$ref": "#/components/parameters/Filter" },
                    { "in": "query", "name": "ids", "schema": { "type": "array", "items": { "type": "integer" } } },
                ] },
                "post": { "requestBody": { "$ref": "#/components/requestBodies/Key" } },
            },
            "/keys/{id}": {
                "parameters": [{ "in": "path", "name": "id", "required": true, "schema": { "type": "integer" } }],
                "delete": {},
            },
            "/keys/current": { "get": { "security": [{ "key": [], "account": [] }, { "basic": [] }] } },
            "/open": { "get": { "security": [] } },
            "/elsewhere": { "servers": [{ "url": "https://else.example" }], "get": { "security": [] } },
            "/broken": { "post": { "requestBody": { "$ref": "#/components/requestBodies/None" } } },
        },
        "components": {
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer" },
                "basic": { "type": "http", "scheme": "basic" },
                "key": { "type": "apiKey", "in": "header", "name": "X-Key" },
                "account": { "type": "apiKey", "in": "query", "name": "account" },
            },
            "parameters": { "Filter": { "in": "query", "name": "filter", "style": "deepObject", "schema": { "type": "object" } } },
            "requestBodies": { "Key": { "required": true, "content": {
                "application/json": { "schema": { "$ref": "#/components/schemas/Key" } },
                "application/x-www-form-urlencoded": { "schema": { "$ref": "#/components/schemas/Key" } },
            } } },
            "schemas": {
                "Named": { "type": "object", "required": ["name"], "properties": { "name": { "type": "string", "pattern": "^[a-z]+$" } } },
                "Key": {
                    "allOf": [{ "$ref": "#/components/schemas/Named" }],
                    "type": "object",
                    "required": ["scopes", "id"],
                    "properties": {
                        "id": { "type": "string", "readOnly": true },
                        "scopes": { "type": "array", "minItems": 1, "items": { "enum": ["read", "write"] } },
                        "days": { "type": "integer", "minimum": 0, "exclusiveMinimum": true, "nullable": true },
                        "owner": { "$ref": "#/components/schemas/Named" },
                        "labels": { "type": "object", "additionalProperties": { "type": "string" } },
                    },
                },
            },
        },
    })
}

fn request(line: &str, headers: &[(&str, &str)], body: &str) -> Request {
    let (method, address) = line.split_once(' ').unwrap_or_else(|| panic!("{line}"));
    let (host, path) = address.split_once('/').unwrap_or_else(|| panic!("{line}"));
    Request {
        method: method.to_owned(),
        host: host.to_owned(),
        target: format!("/{path}"),
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        body: body.as_bytes().to_vec(),
        route: None,
        status: None,
        at: Instant::now(),
        took: std::time::Duration::ZERO,
    }
}

const BEARER: (&str, &str) = ("authorization", "Bearer hidden-1");
const VERSION: (&str, &str) = ("acme-version", "2026-01-01");
const JSON: (&str, &str) = ("content-type", "application/json; charset=utf-8");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// The rules that a request breaks, in order.
fn broken(document: Value, request: &Request) -> Vec<Rule> {
    let description = Description::new(document, None).unwrap_or_else(|error| panic!("{error}"));
    let remarks = match description.check(request) {
        Verdict::Unknown(remark) => vec![remark],
        Verdict::Known { remarks, .. } => remarks,
    };
    assert!(remarks.iter().all(|remark| !remark.to_string().contains("hidden")), "{remarks:?}");
    remarks.into_iter().map(|remark| remark.rule).collect()
}

fn of(line: &str, headers: &[(&str, &str)]) -> Vec<Rule> {
    broken(acme(), &request(line, headers, ""))
}

fn posted(body: &Value) -> Vec<Rule> {
    broken(acme(), &request("POST eu.acme.example/v1/keys", &[BEARER, VERSION, JSON], &body.to_string()))
}

fn sent(form: &str) -> Vec<Rule> {
    broken(acme(), &request("POST eu.acme.example/v1/keys", &[BEARER, VERSION, FORM], form))
}

const FINE: Vec<Rule> = Vec::new();

#[test]
fn paths_and_methods() {
    assert_eq!(of("DELETE eu.acme.example/v1/keys/7", &[BEARER]), FINE);
    assert_eq!(of("GET else.example/elsewhere", &[]), FINE);
    assert_eq!(of("DELETE eu.acme.example/v2/keys/7", &[BEARER]), [Rule::Path]);
    assert_eq!(of("DELETE eu.acme.evil/v1/keys/7", &[BEARER]), [Rule::Path]);
    assert_eq!(of("GET eu.acme.example/v1/elsewhere", &[]), [Rule::Path]);
    assert_eq!(of("GET eu.acme.example/v1/keys/7", &[BEARER]), [Rule::Method]);
    assert_eq!(of("DELETE eu.acme.example/v1/keys/hidden", &[BEARER]), [Rule::PathParameter]);
}

#[test]
fn a_server_that_is_given_takes_the_place_of_all() {
    let own = Description::new(acme(), Some("https://{host}/api")).unwrap_or_else(|error| panic!("{error}"));
    let is_known = |line| matches!(own.check(&request(line, &[], "")), Verdict::Known { .. });
    assert!(is_known("GET keys.example.com/api/open") && is_known("GET keys.example.com:8443/api/elsewhere"));
    assert!(!is_known("GET eu.acme.example/v1/open"));
}

#[test]
fn the_query() {
    let get = |query: &str| of(&format!("GET eu.acme.example/v1/keys?{query}"), &[BEARER, VERSION]);
    assert_eq!(get("project=p&limit=100&filter[name]=x&ids=1,2"), FINE);
    assert_eq!(get("project=p&ids[]=1&ids[]=2"), FINE);
    assert_eq!(get("limit=1"), [Rule::Query]);
    assert_eq!(get("project=p&limit=101"), [Rule::Query]);
    assert_eq!(get("project=p&limit=many"), [Rule::Query]);
    assert_eq!(get("project=p&ids=a"), [Rule::Query]);
    assert_eq!(get("project=p&limits=1"), [Rule::Query]);
}

#[test]
fn headers() {
    let get = |version| of("GET eu.acme.example/v1/keys?project=p", &[BEARER, ("Acme-Version", version)]);
    assert_eq!(get("2026-01-01"), FINE);
    assert_eq!(get("2025-01-01"), [Rule::Header]);
    assert_eq!(of("GET eu.acme.example/v1/keys?project=p", &[BEARER]), [Rule::Header]);
}

#[test]
fn where_a_credential_stands() {
    let current = |query: &str, headers| of(&format!("GET eu.acme.example/v1/keys/current{query}"), headers);
    assert_eq!(current("?account=1", &[("x-key", "hidden")]), FINE);
    assert_eq!(current("", &[("authorization", "basic hidden")]), FINE);
    assert_eq!(current("", &[("x-key", "hidden")]), [Rule::Security]);
    assert_eq!(current("", &[BEARER]), [Rule::Security]);
    assert_eq!(of("DELETE eu.acme.example/v1/keys/7", &[]), [Rule::Security]);
    assert_eq!(of("GET eu.acme.example/v1/open", &[]), FINE);
}

#[test]
fn bodies_of_json() {
    assert_eq!(posted(&json!({ "name": "a", "scopes": ["read"], "days": 1, "labels": { "x": "y" } })), FINE);
    assert_eq!(posted(&json!({ "name": "a", "scopes": ["read"], "days": null, "owner": { "name": "b" } })), FINE);
    for wrong in [
        json!({ "scopes": ["read"] }),
        json!({ "name": "a" }),
        json!({ "name": "HIDDEN", "scopes": ["read"] }),
        json!({ "name": 1, "scopes": ["read"] }),
        json!({ "name": "a", "scopes": "read" }),
        json!({ "name": "a", "scopes": ["hidden"] }),
        json!({ "name": "a", "scopes": ["read"], "days": 0 }),
        json!({ "name": "a", "scopes": ["read"], "scope": "hidden" }),
        json!({ "name": "a", "scopes": ["read"], "owner": { "name": "b", "nam": "hidden" } }),
        json!({ "name": "a", "scopes": ["read"], "labels": { "x": 1 } }),
    ] {
        assert_eq!(posted(&wrong), [Rule::Body], "{wrong}");
    }
}

#[test]
fn bodies_of_forms() {
    assert_eq!(sent("name=a&scopes[]=read&scopes[]=write&days=3&owner[name]=b"), FINE);
    assert_eq!(sent("name=a&scopes[]=read&days=soon"), [Rule::Body]);
    assert_eq!(sent("name=a&scopes[]=read&owner[nam]=b"), [Rule::Body]);
    assert_eq!(sent("scopes[]=read"), [Rule::Body]);
}

#[test]
fn bodies_that_are_none() {
    let post = |headers: &[_], body| broken(acme(), &request("POST eu.acme.example/v1/keys", headers, body));
    assert_eq!(post(&[BEARER, VERSION], ""), [Rule::Body]);
    assert_eq!(post(&[BEARER, VERSION, ("content-type", "text/plain")], "hidden"), [Rule::ContentType]);
    assert_eq!(post(&[BEARER, VERSION], "{}"), [Rule::ContentType]);
    assert_eq!(post(&[BEARER, VERSION, JSON], "{hidden"), [Rule::Body]);
    let undeclared = request("DELETE eu.acme.example/v1/keys/7", &[BEARER, JSON], "{}");
    assert_eq!(broken(acme(), &undeclared), [Rule::Body]);
    let dangling = request("POST eu.acme.example/v1/broken", &[BEARER, JSON], "{}");
    assert_eq!(broken(acme(), &dangling), [Rule::Description]);
}

#[test]
fn swagger() {
    let document = json!({
        "swagger": "2.0", "host": "api.acme.example", "basePath": "/v1/", "consumes": ["application/json"],
        "securityDefinitions": { "basic": { "type": "basic" }, "oauth": { "type": "oauth2" } },
        "paths": {
            "/keys/{id}": {
                "parameters": [{ "in": "path", "name": "id", "type": "string", "pattern": "^key_", "required": true }],
                "put": { "parameters": [{ "in": "body", "name": "body", "required": true, "schema": { "$ref": "#/definitions/Key" } }] },
                "post": { "consumes": ["application/x-www-form-urlencoded"], "security": [{ "basic": [] }, { "oauth": ["all"] }],
                    "parameters": [{ "in": "formData", "name": "days", "type": "integer", "required": true }] },
            },
        },
        "definitions": { "Key": { "type": "object", "properties": { "live": { "type": "boolean", "x-nullable": true } } } },
    });
    let ask = |line: &str, headers: &[_], body| broken(document.clone(), &request(line, headers, body));
    let put = |id, body| ask(&format!("PUT api.acme.example/v1/keys/{id}"), &[JSON], body);
    assert_eq!(put("key_1", r#"{ "live": true }"#), FINE);
    assert_eq!(put("key_1", r#"{ "live": null }"#), FINE);
    assert_eq!(put("hidden", r#"{ "live": true }"#), [Rule::PathParameter]);
    assert_eq!(put("key_1", r#"{ "live": 1 }"#), [Rule::Body]);
    assert_eq!(put("key_1", r#"{ "alive": true }"#), [Rule::Body]);
    let post = |headers: &[_], body| ask("POST api.acme.example/v1/keys/key_1", headers, body);
    assert_eq!(post(&[FORM, BEARER], "days=1"), FINE);
    assert_eq!(post(&[FORM, BEARER], "days=one"), [Rule::Body]);
    assert_eq!(post(&[FORM, BEARER], "days=1&hours=1"), [Rule::Body]);
    assert_eq!(post(&[FORM], "days=1"), [Rule::Security]);
    assert_eq!(post(&[JSON, BEARER], "{}"), [Rule::ContentType]);
}

#[test]
fn what_is_no_description() {
    let error = |document| Description::new(document, None).err().unwrap_or_default();
    assert_eq!(error(json!({ "paths": {} })), "this is no description of an API");
    assert_eq!(
        error(json!({ "openapi": "3.1.0", "paths": { "/a": { "get": {} } } })),
        "it describes no path at any server"
    );
    assert!(Description::read("/nowhere.json".as_ref(), None).is_err());
}
