---@meta
-- The words of tidewire.lua and of mapping files, for editors. Connections (erp, app) are words too.

---@alias Path string            -- "first_name", "meta.price"
---@alias Side "left"|"right"
---@alias Direction "both"|"bidirectional"|"left_to_right"|"right_to_left"|"to_right"|"to_left"|string
---@alias Conflict "newest"|"left"|"right"|"source_wins"|"target_wins"|"max"|"min"|"sum_delta"|"union"|"nonempty"|"append"|"merge"|"manual"|"webhook"|string|fun(dispute: Dispute): any

---@class End                    -- made by erp.doctype "Employee"
---@class Condition              -- made by one_of, none_of, not_equal, more_than, at_least, less_than, at_most, not_null

---@class Verb                   -- erp.submit, erp.cancel
---@class Telling                -- post "https://...", mail "ops@example.org"
---@class Stamp                  -- link.left_key, link.right_key, link.checksum

---@class Context
---@field op "create"|"update"
---@field now? string            UTC
---@field lookup table<string, table?>  by name the records that `lookup` names
---@field target? table          the record that is written to; nil where it is created

---@class Transform
---@field to_right? fun(value: any, record: table, ctx: Context): any
---@field to_left? fun(value: any, record: table, ctx: Context): any
---@field lossy? boolean         what comes back may differ from what went

---@class Row
---@field [1]? Path|Path[]       left
---@field [2]? Path|Path[]       right
---@field [3]? Transform|fun(value: any, record: table, ctx: Context): any
---@field left? Path|Path[]
---@field right? Path|Path[]
---@field name? string           its identity; the paths where not said
---@field only? Direction
---@field when? "always"|"create"|"target_empty"
---@field default? any           for the target where the source has nothing
---@field value? any             a constant for the one side named
---@field null? "clear"|"keep"|any
---@field conflict? Conflict
---@field tie? Side|string
---@field type? string|table     overrides the described type; { left = ..., right = ... } per side
---@field lossy? boolean
---@field required? boolean
---@field redact? boolean
---@field file? boolean          the files that both fields name are kept the same, by what is in them
---@field to_right? function
---@field to_left? function

---@class Rows                    -- rows { ... }: rows below the record
---@field left Path|End
---@field right Path|End
---@field key (string|Row)[]
---@field fields? Row[]
---@field order? boolean|string|{ left?: string, right?: string }
---@field only? Direction
---@field conflict? Conflict
---@field tie? Side|string
---@field name? string
---@field redact? boolean
---@field poll_child? End         a collection of the lines, { parent = ... }, where they do not move their record

---@class Part                    -- part { ... }, via(...)
---@field [1] End
---@field owner string|Owner
---@field pick? table<string, string|number|boolean>
---@field missing? "create"|"ignore"
---@field values? table<string, string|number|boolean>

---@class Owner                   -- erp.dynamic_link "Customer"

---@class Lookup
---@field from End
---@field key Path               names the record
---@field by? Path               the field that is looked for; its key where not said
---@field of? Side|string        whose records name it
---@field fields Path[]
---@field cache? string|number
---@field watch? boolean         a change of what is found is worked in

---@class Mapping
---@field name? string
---@field left End
---@field right End
---@field direction? Direction
---@field on? { webhook?: boolean, poll?: string, left?: table, right?: table }
---@field scope? { left?: table<string, any|Condition>, right?: table<string, any|Condition>, leave?: "freeze"|"unlink"|"soft"|"delete" }
---@field key? { left?: string|string[], right?: string|string[], assigned_by?: "each"|Side|string }
---@field match? table[]
---@field fields Row[]
---@field check? { [1]: Path, [2]: (fun(value: any): boolean), [3]?: string }[]
---@field deletes? "ignore"|"delete"|{ to_right?: "ignore"|"delete"|"soft", to_left?: "ignore"|"delete"|"soft", soft?: table, delete_wins?: boolean|"to_right"|"to_left", root?: "ignore"|"delete"|"soft", [string]: "clear"|"detach"|"delete" }
---@field tests? { name?: string, left?: table, right?: table, base?: table, changed?: table, wins?: Side|"manual"|string }[]
---@field lookup? table<string, Lookup>
---@field lifecycle? { [1]: { [1]: Path, [2]: Path }, states: table, left?: table<string, Verb>, right?: table<string, Verb>, edit_after?: table<string, "allowed_fields"|"nothing"|Path[]>, conflict?: Conflict, tie?: Side|string }
---@field after? table<"created"|"updated"|"deleted"|"conflict"|"dead"|"finished", Telling|Telling[]>
---@field stamp? { left?: table<string, any|Stamp>, right?: table<string, any|Stamp> }
---@field conflict? Conflict
---@field judge? { url: string, timeout?: string|number, fallback?: Conflict|"wait" }
---@field tie? Side|string
---@field granularity? "field"|"record"
---@field read_target? boolean
---@field enforce? boolean
---@field brake? string|integer|false
---@field sweep? string
---@field retry? { max?: integer, base?: string|number }
---@field parallel? integer
---@field priority? integer smaller first, where a connection's limits make calls wait
---@field dry_run? boolean | string
---@field use? string|string[]

---@class Dispute
---@field field string
---@field base? { left: any, right: any }
---@field left any
---@field right any
---@field left_as_right any      nil where it does not convert
---@field right_as_left any
---@field left_time? string
---@field right_time? string
---@field newer? Side            nil: a tie
---@field tie Side
---@field kind? string           of the left's type
---@field left_record? table
---@field right_record? table

---@param content Mapping
---@return Mapping
function mapping(content) end

---@param names (string|table)[]
function same(names) end

---Won together, also when records meet for the first time: no side gets a group made of both. Written, and taken back, as a whole or not at all.
---@param rows Row[]
function group(rows) end

---@param list Rows
function rows(list) end

--- A collection with parts: join { erp.doctype "Customer", address = part { ... } }.
---@param records table
---@return End
function join(records) end
---@param record Part
---@return Part
function part(record) end
---@param field string           of the record, that names the other one
---@param collection End
---@return Part
function via(field, collection) end

---@param options? { except?: string[] }
function all(options) end

by = {}
---@param pairs (string|{ [1]: Path, [2]: Path, fold?: boolean })[]
function by.fields(pairs) end
---@param names string[]
function by.checksum(names) end

---@param declaration { reads: Path|Path[], writes: Path|Path[] }
---@param call fun(rec: table, out: table, ctx: Context): any
function fn(declaration, call) end

---@param name string
function connection(name) end

---@param values any[]
---@return Condition
function one_of(values) end
---@param values any[]
---@return Condition
function none_of(values) end
---@return Condition
function not_equal(value) end
---@return Condition
function more_than(value) end
---@return Condition
function at_least(value) end
---@return Condition
function less_than(value) end
---@return Condition
function at_most(value) end
---@type Condition
not_null = nil

---@param url string
---@return Telling
function post(url) end
---@param address string
---@return Telling
function mail(address) end

---@type { left_key: Stamp, right_key: Stamp, checksum: Stamp }
link = nil

--- The time of the delete, for deletes.soft.
now = nil
--- JSON null: clears a field.
null = nil
--- The name given with --env, or "".
---@type string
environment = ""

---@param value string|number
function dec(value) end
---@param why string
function skip(why) end
---@param mapping_name string
function wait(mapping_name) end
---@param why string
function dead(why) end

--- tidewire.lua

---@param content { listen?: string, connections: table, defaults?: table, environments?: table, log?: table, state?: string, keep?: string, exchanges?: "all"|"failed"|"none", cors?: string[], admin?: table, mail?: { url: string, from: string, user?: string, password?: any }, backup?: { every: string, keep?: integer, folder?: string }, traces?: { endpoint: any, headers?: table, service?: string, every?: integer }, tls?: { certificate: any, key: any }, alerts?: { to: Telling|Telling[], wait?: string, again?: string, look?: string, queue?: string|false, conflict?: string|false, paused?: string|false, disk?: string|false, webhooks?: integer|false, jobs?: boolean, report?: string|false }, dry_run?: boolean }
function project(content) end
---@param variable string
function env(variable) end
---@param variable string
function secret(variable) end
---@param config table
function frappe(config) end
---@param config table
function supabase(config) end
