//! Describes a shape as JSON Schema, for the OpenAPI document.

use serde_json::{Map, Value, json};

use super::value::{Member, Need, Shape};

impl Shape {
    /// The JSON Schema of this shape.
    pub fn schema(&self) -> Value {
        match self {
            Self::Text(text) => {
                let mut schema = Map::from_iter([("type".to_owned(), json!("string"))]);
                schema.extend(text.at_most.map(|most| ("maxLength".to_owned(), json!(most))));
                schema.extend(text.filled.then(|| ("minLength".to_owned(), json!(1))));
                schema.extend(text.label.then(|| ("pattern".to_owned(), json!("^\\S*$"))));
                Value::Object(schema)
            }
            Self::OneOf(allowed) => json!({ "type": "string", "enum": allowed }),
            Self::Flag => json!({ "type": "boolean" }),
            Self::Number => json!({ "type": "integer" }),
            Self::Object(members) => object_schema(members),
            Self::Record => json!({ "type": "object", "additionalProperties": true }),
            Self::List { of, at_most, filled } => {
                let mut schema =
                    Map::from_iter([("type".to_owned(), json!("array")), ("items".to_owned(), of.schema())]);
                schema.extend(at_most.map(|most| ("maxItems".to_owned(), json!(most))));
                schema.extend(filled.then(|| ("minItems".to_owned(), json!(1))));
                Value::Object(schema)
            }
            Self::Either(shapes) => json!({ "anyOf": shapes.iter().map(Self::schema).collect::<Vec<_>>() }),
            Self::IfPresent { then, otherwise, .. } => json!({ "anyOf": [otherwise.schema(), then.schema()] }),
            Self::Null => json!({ "type": "null" }),
            Self::Any => json!({}),
        }
    }
}

fn object_schema(members: &[Member]) -> Value {
    let properties: Map<String, Value> = members
        .iter()
        .map(|member| (member.name.to_owned(), member_schema(member)))
        .collect();
    let required: Vec<&str> = members
        .iter()
        .filter(|member| member.need == Need::Required)
        .map(|member| member.name)
        .collect();
    let mut schema = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn member_schema(member: &Member) -> Value {
    let mut schema = match &member.need {
        Need::Nullable => json!({ "anyOf": [member.shape.schema(), { "type": "null" }] }),
        Need::Default(value) => {
            let mut schema = member.shape.schema();
            schema["default"] = value.clone();
            schema
        }
        Need::Required | Need::Optional => member.shape.schema(),
    };
    if !member.about.is_empty() {
        schema["description"] = json!(member.about);
    }
    schema
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;
    use crate::outbound::shape::{nullable, optional, required};

    #[test]
    fn a_form_can_be_drawn_from_the_schema() {
        let shape = Shape::object([
            required("apiUrl", Shape::filled_text(), "Address of the site."),
            nullable("clientId", Shape::text(), ""),
            optional("isOAuth", Shape::Flag, "").or(false),
        ]);
        let expected = json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["apiUrl"],
            "properties": {
                "apiUrl": { "type": "string", "minLength": 1, "description": "Address of the site." },
                "clientId": { "anyOf": [{ "type": "string" }, { "type": "null" }] },
                "isOAuth": { "type": "boolean", "default": false },
            },
        });
        assert_eq!(shape.schema(), expected);
    }
}
