// Values against the schemas of an OpenAPI 3.1 document: enough of JSON Schema for what the API says of itself, written apart
// from the daemon's own reader, so that the two check each other. An unknown keyword is an error here: it would check nothing.

const known = new Set(["type", "properties", "required", "additionalProperties", "items", "enum", "anyOf", "$ref", "minimum", "maximum", "minLength", "maxLength", "format", "description"]);
const is = {
  null: (v) => v === null, boolean: (v) => typeof v === "boolean", string: (v) => typeof v === "string", array: Array.isArray,
  number: (v) => typeof v === "number", integer: (v) => Number.isInteger(v), object: (v) => typeof v === "object" && v !== null && !Array.isArray(v),
};

/// What is wrong, as sentences; empty = fits.
export function faults(value, schema, document, path = "$") {
  for (const word of Object.keys(schema)) if (!known.has(word)) throw new Error(`the schema at ${path} uses ${word}, which this checker does not know`);
  if (schema.$ref) return faults(value, document.components.schemas[schema.$ref.split("/").pop()], document, path);
  const found = [];
  const types = schema.type === undefined ? [] : [schema.type].flat();
  if (types.length && !types.some((type) => is[type](value))) return [`${path} is ${JSON.stringify(value)?.slice(0, 80)}, not ${types.join(" or ")}`];
  if (schema.enum && !schema.enum.some((one) => JSON.stringify(one) === JSON.stringify(value))) found.push(`${path} is ${JSON.stringify(value)}, none of ${schema.enum.join(", ")}`);
  if (schema.anyOf && !schema.anyOf.some((one) => faults(value, one, document, path).length === 0)) found.push(`${path} fits none of its choices`);
  if (typeof value === "number" && (value < (schema.minimum ?? -Infinity) || value > (schema.maximum ?? Infinity))) found.push(`${path} is ${value}, out of bounds`);
  if (typeof value === "string") {
    if (schema.format === "date-time" && Number.isNaN(Date.parse(value))) found.push(`${path} is '${value}', no time`);
    if ([...value].length < (schema.minLength ?? 0) || [...value].length > (schema.maxLength ?? Infinity)) found.push(`${path} has a wrong length`);
  }
  if (Array.isArray(value) && schema.items) value.forEach((one, i) => found.push(...faults(one, schema.items, document, `${path}[${i}]`)));
  if (is.object(value)) {
    for (const name of schema.required ?? []) if (!(name in value)) found.push(`${path} has no ${name}`);
    for (const [name, member] of Object.entries(value)) {
      const mine = schema.properties?.[name];
      if (mine) found.push(...faults(member, mine, document, `${path}.${name}`));
      else if (schema.additionalProperties === false) found.push(`${path} has ${name}, which the document does not know`);
      else if (typeof schema.additionalProperties === "object") found.push(...faults(member, schema.additionalProperties, document, `${path}.${name}`));
    }
  }
  return found;
}
