"""The practice server behaves as Odoo's fact sheet says, driven by Python's own xmlrpc.client, urllib and OdooRPC."""
import http.server
import json
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import xmlrpc.client

BASE, MAJOR = sys.argv[1], int(sys.argv[2])
DB, LOGIN, PASSWORD, KEY = "practice", "practice", "practice", "practice-key"
UOM = "product_uom_id" if MAJOR >= 19 else "product_uom"


def send(path, body=None, headers=None, method=None):
    data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
    request = urllib.request.Request(BASE + path, data, {"Content-Type": "application/json", **(headers or {})}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            return reply.status, reply.headers, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()


def practice(method, path, body=None):
    status, _, text = send("/practice/" + path, body, method=method)
    assert status == 200, text
    return json.loads(text)


def rpc(service, method, args):
    status, _, text = send("/jsonrpc", {"jsonrpc": "2.0", "method": "call", "id": 7, "params": {"service": service, "method": method, "args": args}})
    assert status == 200
    return json.loads(text)


UID = rpc("common", "authenticate", [DB, LOGIN, KEY, {}])["result"]


class Refused(Exception):
    def __init__(self, error):
        super().__init__(error["data"]["message"])
        self.name, self.code, self.data = error["data"]["name"], error["code"], error["data"]


def call(model, method, *args, **kwargs):
    answer = rpc("object", "execute_kw", [DB, UID, KEY, model, method, list(args), kwargs])
    if "error" in answer:
        raise Refused(answer["error"])
    return answer.get("result")


def refuses(name, model, method, *args, **kwargs):
    try:
        result = call(model, method, *args, **kwargs)
    except Refused as refused:
        assert refused.name.endswith(name), (refused.name, str(refused))
        return str(refused)
    raise AssertionError(f"{model}.{method} answered {result!r}")


def one(model, record, *fields):
    return call(model, "read", [record], list(fields))[0]


def product(**values):
    return call("product.product", "create", {"name": "Thing", "default_code": "T", "type" if MAJOR >= 18 else "detailed_type": "consu", **values})


ahead = 0


def later():
    """The server's clock goes on to a later second."""
    global ahead
    ahead += 2
    practice("POST", "clock", {"skew": ahead})


def test_versions_and_logins():
    assert rpc("common", "version", [])["result"]["server_version_info"][0] == MAJOR
    assert rpc("common", "authenticate", [DB, LOGIN, "wrong", {}])["result"] is False
    assert rpc("common", "authenticate", ["nope", LOGIN, KEY, {}])["error"]["data"]["name"] == "psycopg2.OperationalError"
    wrong = rpc("object", "execute_kw", [DB, UID, "wrong", "res.partner", "search", [[]], {}])["error"]
    assert wrong["data"]["name"] == "odoo.exceptions.AccessDenied" and wrong["code"] == 0
    assert send("/jsonrpc", b"{", method="POST")[0] == 400
    assert send("/jsonrpc", b"{}", {"Content-Type": "text/plain"})[0] == 415


def test_session():
    def ask(path, params, cookie=""):
        _, headers, text = send(path, {"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}, {"Cookie": cookie})
        return headers, json.loads(text)
    partner = {"model": "res.partner", "method": "search_count", "args": [[]], "kwargs": {}}
    assert ask("/web/dataset/call_kw", partner)[1]["error"]["code"] == 100
    assert "error" in ask("/web/session/authenticate", {"db": DB, "login": LOGIN, "password": KEY})[1], "a key is no password"
    headers, answer = ask("/web/session/authenticate", {"db": DB, "login": LOGIN, "password": PASSWORD})
    assert answer["result"]["uid"] == UID
    cookie = headers["Set-Cookie"].split(";")[0]
    assert ask("/web/dataset/call_kw/res.partner/search_count", partner, cookie)[1]["result"] >= 0
    practice("DELETE", "sessions")
    assert ask("/web/dataset/call_kw", partner, cookie)[1]["error"]["code"] == 100


def test_values():
    partner = call("res.partner", "create", {"name": "Ada", "email": "", "comment": "plain"})
    row = one("res.partner", partner, "email", "phone", "comment", "parent_id", "category_id", "credit_limit", "is_company")
    assert (row["email"], row["phone"], row["comment"]) == ("", False, "<p>plain</p>")
    assert (row["parent_id"], row["category_id"], row["credit_limit"], row["is_company"]) == (False, [], 0.0, False)
    call("res.partner", "write", [partner], {"is_company": "false", "country_id": 1})
    assert one("res.partner", partner, "is_company")["is_company"] is True
    assert one("res.partner", partner, "country_id")["country_id"] == [1, "Germany"]
    assert call("res.partner", "read", [partner], ["country_id"], load="")[0]["country_id"] == 1
    refuses("MissingError", "res.partner", "write", [partner], {"country_id": 99999})
    refuses("ValueError", "res.partner", "write", [partner], {"country_id": [1, "Germany"]})
    refuses("ValueError", "res.partner", "write", [partner], {"type": "bogus"})
    refuses("ValueError", "res.partner", "create", {"nope": 1})
    refuses("KeyError", "res.partner", "write", [partner], {"nope": 1})
    refuses("ValueError", "res.partner", "read", [partner], ["nope"])
    refuses("ValidationError", "product.template", "create", {"list_price": 1})
    order = call("sale.order", "create", {"partner_id": partner, "commitment_date": "2024-05-01 10:11:12"})
    assert one("sale.order", order, "commitment_date")["commitment_date"] == "2024-05-01 10:11:12"
    for bad in ("2024-05-01T10:11:12", "2024-05-01 10:11:12.5", "2024-05-01 10:11:12Z"):
        refuses("ValueError", "sale.order", "write", [order], {"commitment_date": bad})
    item = product(weight=0.123456, list_price=1.23456789)
    assert one("product.product", item, "weight", "list_price") == {"id": item, "weight": 0.12, "list_price": 1.23456789}
    refuses("NumericValueOutOfRange", "stock.warehouse", "write", [1], {"sequence": 2 ** 31})


def test_commands():
    tags = [call("res.partner.category", "create", {"name": name}) for name in "abc"]
    partner = call("res.partner", "create", {"name": "T", "category_id": [(4, tags[0]), (0, 0, {"name": "d"})]})
    linked = lambda: one("res.partner", partner, "category_id")["category_id"]
    assert len(linked()) == 2 and tags[0] in linked()
    for commands, wanted in (([(6, 0, tags)], tags), ([(3, tags[0])], tags[1:]), ([(5,)], []), (tags[:2], tags[:2])):
        call("res.partner", "write", [partner], {"category_id": commands})
        assert linked() == wanted, (commands, linked())
    call("res.partner", "write", [partner], {"category_id": [(1, tags[0], {"name": "renamed"}), (2, tags[1])]})
    assert one("res.partner.category", tags[0], "name")["name"] == "renamed"
    assert call("res.partner.category", "search_count", [("id", "=", tags[1])]) == 0
    refuses("ValueError", "res.partner", "write", [partner], {"category_id": [(9, 0, 0)]})


def test_create_is_one_transaction():
    before = call("res.partner", "search_count", [])
    refuses("ValueError", "res.partner", "create", [{"name": "good"}, {"name": "bad", "type": "bogus"}])
    assert call("res.partner", "search_count", []) == before
    ids = call("res.partner", "create", [{"name": "x"}, {"name": "y"}])
    assert len(ids) == 2 and isinstance(call("res.partner", "create", {"name": "z"}), int)
    stamps = {row["write_date"] for row in call("res.partner", "read", ids, ["write_date"])}
    assert len(stamps) == 1 and "." not in stamps.pop()


def test_missing_records():
    partner = call("res.partner", "create", {"name": "here"})
    assert [row["id"] for row in call("res.partner", "read", [partner, 999999], ["name"])] == [partner]
    refuses("MissingError", "res.partner", "write", [999999], {"name": "x"})
    refuses("MissingError", "res.partner", "unlink", [999999])
    refuses("AccessError", "res.partner", "exists", [partner])
    refuses("UserError", "no.model", "search", [])
    assert "does not exist" in refuses("AttributeError", "res.partner", "no_method", [partner])


def test_domains():
    names = ["dom a", "dom b", "Dom C"]
    ids = [call("res.partner", "create", {"name": name, "ref": ref}) for name, ref in zip(names, ["1", False, "3"])]
    count = lambda *domain: call("res.partner", "search_count", [("id", "in", ids), *domain])
    assert count(("name", "like", "dom")) == 2 and count(("name", "ilike", "dom")) == 3
    assert count(("ref", "=", False)) == 1 and count(("ref", "!=", "1")) == 2 and count(("ref", "not in", ["1", False])) == 1
    assert count("|", ("ref", "=", "1"), ("name", "=", "Dom C")) == 2 and count("!", ("ref", "=", "1")) == 2
    assert count(("name", "=like", "dom%")) == 2 and count(("ref", "=?", False)) == 3 and count(("create_uid.login", "=", LOGIN)) == 3
    refuses("ValueError", "res.partner", "search", ["|", ("name", "=", "a")])
    refuses("ValueError", "res.partner", "search", [("nope", "=", 1)])
    refuses("ValueError", "res.partner", "search", [("name", "===", 1)])
    assert call("res.partner", "search", [("id", "in", ids)], order="name desc, id", limit=2) == [ids[1], ids[0]]
    assert len(call("res.partner", "search", [("id", "in", ids)], limit=0)) == 3


def test_times_are_compared_by_version():
    partner = call("res.partner", "create", {"name": "timed"})
    practice("POST", "edit", {"model": "res.partner", "id": partner, "values": {"write_date": "2024-01-01 10:00:00.777000"}})
    found = lambda op, value: call("res.partner", "search_count", [("id", "=", partner), ("write_date", op, value)])
    assert one("res.partner", partner, "write_date")["write_date"] == "2024-01-01 10:00:00"
    whole_seconds = MAJOR >= 19
    assert found(">", "2024-01-01 10:00:00") == (0 if whole_seconds else 1)
    assert found("=", "2024-01-01 10:00:00") == (1 if whole_seconds else 0)
    assert found(">=", "2024-01-01 10:00:00") == 1 and found("<", "2024-01-01 10:00:01") == 1


def test_archived_records():
    partner = call("res.partner", "create", {"name": "old", "active": False})
    assert call("res.partner", "search_count", [("id", "=", partner)]) == 0
    assert call("res.partner", "search_count", [("id", "=", partner)], context={"active_test": False}) == 1
    assert call("res.partner", "search_count", [("id", "=", partner), ("active", "=", False)]) == 1
    assert one("res.partner", partner, "name")["name"] == "old"


def test_late_commit():
    held = {"model": "res.partner", "method": "create", "args": [{"name": "late one"}], "hold": True}
    done = threading.Thread(target=practice, args=("POST", "call", held))
    done.start()
    while practice("GET", "stats")["held"] == 0:
        time.sleep(0.01)
    later()
    quick = call("res.partner", "create", {"name": "quick one"})
    assert call("res.partner", "search_count", [("name", "=", "late one")]) == 0
    practice("POST", "release")
    done.join()
    late = call("res.partner", "search_read", [("name", "=", "late one")], ["write_date"])[0]
    assert late["write_date"] < one("res.partner", quick, "write_date")["write_date"] and late["id"] > quick


def test_what_moves_write_date():
    partner, item = call("res.partner", "create", {"name": "P"}), product(list_price=5)
    line_vals = {"product_id": item, "product_uom_qty": 1}
    order = call("sale.order", "create", {"partner_id": partner, "order_line": [(0, 0, line_vals)]})
    line = one("sale.order", order, "order_line")["order_line"][0]
    template = one("product.product", item, "product_tmpl_id")["product_tmpl_id"][0]
    stamp = lambda model, record: one(model, record, "write_date")["write_date"]

    def moves(model, record, change):
        before = stamp(model, record)
        later()
        change()
        return stamp(model, record) > before
    assert moves("res.partner", partner, lambda: call("res.partner", "write", [partner], {}))
    assert not moves("sale.order", order, lambda: call("sale.order.line", "write", [line], {"sequence": 3, "name": "other"}))
    assert moves("sale.order", order, lambda: call("sale.order.line", "write", [line], {"product_uom_qty": 2}))
    assert not moves("product.template", template, lambda: call("product.product", "write", [item], {"standard_price": 3}))
    assert moves("product.template", template, lambda: call("product.product", "write", [item], {"name": "Other"}))
    assert moves("product.product", item, lambda: call("product.template", "write", [template], {"list_price": 7}))
    assert not moves("res.partner", partner, lambda: call("res.partner", "create", {"name": "child", "parent_id": partner}))


def test_category_tree():
    top = call("product.category", "create", {"name": "A"})
    middle = call("product.category", "create", {"name": "B", "parent_id": top})
    leaf = call("product.category", "create", {"name": "C", "parent_id": middle})
    call("product.category", "write", [top], {"name": "AA"})
    assert one("product.category", leaf, "complete_name")["complete_name"] == "AA / B / C"
    assert one("product.category", leaf, "parent_path")["parent_path"] == f"{top}/{middle}/{leaf}/"
    assert refuses("UserError", "product.category", "write", [top], {"parent_id": leaf}) == "Recursion Detected."
    assert len(call("product.category", "search", [("id", "child_of", top)])) == 3
    told = call("ir.model.fields", "search_read", [("model", "=", "product.category"), ("name", "=", "parent_id")], ["on_delete"])
    assert [link["on_delete"] for link in told] == ["cascade"]
    call("product.category", "unlink", [top])
    assert call("product.category", "search_count", [("id", "in", [middle, leaf])]) == 0


def test_products():
    template = call("product.template", "create", {"name": "Chair", "default_code": "C", "barcode": "barcode-1", "standard_price": 2.5})
    row = one("product.template", template, "product_variant_ids", "barcode", "standard_price")
    assert (row["barcode"], row["standard_price"], len(row["product_variant_ids"])) == ("barcode-1", 2.5, 1)
    second = call("product.product", "create", {"product_tmpl_id": template, "default_code": "C2", "combination_indices": "1"})
    assert one("product.template", template, "default_code", "product_variant_count") == {"id": template, "default_code": False, "product_variant_count": 2}
    assert "already assigned" in refuses("ValidationError", "product.product", "write", [second], {"barcode": "barcode-1"})
    fields = call("product.template", "fields_get", [], ["type"])
    shown = call("product.product", "fields_get", ["name"], ["store", "related"])["name"]
    assert (shown["store"], shown["related"]) == (False, "product_tmpl_id.name")
    assert ("is_storable" in fields) == (MAJOR >= 18) and ("detailed_type" in fields) == (MAJOR == 17)


def test_orders_and_transfers():
    partner, item = call("res.partner", "create", {"name": "Buyer"}), product(list_price=10)
    tax = call("account.tax", "create", {"name": "19%", "amount": 19})
    taxes = "tax_ids" if MAJOR >= 19 else "tax_id"
    order = call("sale.order", "create", {"partner_id": partner, "order_line": [(0, 0, {"product_id": item, "product_uom_qty": 3, UOM: 1, taxes: [(6, 0, [tax])]})]})
    row = one("sale.order", order, "name", "amount_untaxed", "amount_tax", "amount_total", "date_order")
    assert row["name"].startswith("S000") and (row["amount_untaxed"], row["amount_tax"], row["amount_total"]) == (30.0, 5.7, 35.7)
    later()
    assert call("sale.order", "action_confirm", [order]) is True
    after = one("sale.order", order, "state", "picking_ids", "delivery_status", "date_order")
    assert (after["state"], after["delivery_status"]) == ("sale", "pending") and after["date_order"] > row["date_order"]
    assert "confirmed sales order" in refuses("UserError", "sale.order", "unlink", [order])
    assert "archiving the record" in refuses("ValidationError", "product.product", "unlink", [item])
    picking = after["picking_ids"][0]
    shown = one("stock.picking", picking, "name", "picking_type_code", "move_ids", "origin")
    assert shown["name"].startswith("WH/OUT/000") and shown["picking_type_code"] == "outgoing"
    call("stock.move", "write", shown["move_ids"], {"quantity": 2, "picked": True})
    practice("POST", "settings", {"wizard": True})
    assert call("stock.picking", "button_validate", [picking])["type"] == "ir.actions.act_window"
    assert call("stock.picking", "button_validate", [picking], context={"skip_backorder": True}) is True
    practice("POST", "settings", {"wizard": False})
    assert one("stock.picking", picking, "state")["state"] == "done"
    row = one("sale.order", order, "delivery_status", "picking_ids")
    assert row["delivery_status"] == "partial" and len(row["picking_ids"]) == 2
    assert call("stock.picking", "button_validate", [max(row["picking_ids"])]) is True
    assert one("sale.order", order, "delivery_status")["delivery_status"] == "full"
    refuses("UserError", "stock.picking", "action_cancel", [picking])
    purchase = call("purchase.order", "create", {"partner_id": partner, "order_line": [(0, 0, {"product_id": item, "product_qty": 4, "price_unit": 2})]})
    assert call("purchase.order", "button_confirm", [purchase]) is True
    row = one("purchase.order", purchase, "name", "picking_ids", "receipt_status")
    assert row["name"].startswith("P000") and row["receipt_status"] == "pending"
    call("stock.picking", "button_validate", row["picking_ids"])
    assert one("purchase.order", purchase, "receipt_status")["receipt_status"] == "full"


def test_methods_without_result():
    item = product()
    quant = call("stock.quant", "create", {"product_id": item, "location_id": call("stock.location", "search", [("usage", "=", "internal")])[0], "inventory_quantity": 7})
    answer = rpc("object", "execute_kw", [DB, UID, KEY, "stock.quant", "action_apply_inventory", [[quant]], {}])
    assert "result" not in answer and "error" not in answer
    assert one("product.product", item, "qty_available")["qty_available"] == 7.0
    call("stock.quant", "write", [quant], {"inventory_quantity": 9})
    server = xmlrpc.client.ServerProxy(BASE + "/xmlrpc/2/object")
    try:
        server.execute_kw(DB, UID, KEY, "stock.quant", "action_apply_inventory", [[quant]])
        raise AssertionError("no fault")
    except xmlrpc.client.Fault as fault:
        assert fault.faultCode == 1 and "cannot marshal None" in fault.faultString
    assert one("product.product", item, "qty_available")["qty_available"] == 9.0, "committed although a fault was answered"


def test_models_are_listed():
    told = call("ir.model", "search_read", [("transient", "=", False)], ["model", "name", "state"], order="model")
    names = [row["model"] for row in told]
    assert names == sorted(set(names)) and {"ir.model", "res.partner", "sale.order"} <= set(names)
    assert [row["name"] for row in told if row["model"] == "res.partner"] == ["Contact"]
    assert refuses("ValidationError", "ir.model", "create", {"name": "Twin", "model": "res.partner"}) == "Each model must have a unique name."


def test_external_ids():
    loaded = call("res.partner", "load", ["id", "name"], [["__sync__.p1", "Bob"]])
    assert loaded["messages"] == [] and len(loaded["ids"]) == 1
    assert call("res.partner", "load", ["id", "name"], [["__sync__.p1", "Bobby"]])["ids"] == loaded["ids"]
    assert call("res.partner", "get_external_id", loaded["ids"]) == {str(loaded["ids"][0]): "__sync__.p1"}
    bad = call("res.partner", "load", ["id", "name", "type"], [["__sync__.p2", "Eve", "bogus"]])
    assert bad["ids"] is False and bad["messages"][0]["type"] == "error"
    message = refuses("ValidationError", "ir.model.data", "create", {"module": "__sync__", "name": "p1", "model": "res.partner", "res_id": 1})
    assert "ir_model_data_module_name_uniq_index" in message
    call("res.partner", "unlink", loaded["ids"])
    assert call("ir.model.data", "search_count", [("name", "=", "p1"), ("module", "=", "__sync__")]) == 0


def test_groups_and_rights():
    rows = call("res.partner", "read_group", [("type", "=", "contact")], ["credit_limit"], ["type"])
    assert rows[0]["type"] == "contact" and rows[0]["type_count"] > 0 and rows[0]["credit_limit"] == 0.0
    assert call("res.partner", "has_access", [], "read") is True
    practice("POST", "fixture", {"users": [{"login": "reader%d" % time.time(), "password": "r", "rights": {"res.partner": "r"}}]})
    login = call("res.users", "search_read", [("login", "like", "reader")], ["login"])[-1]
    answer = rpc("object", "execute_kw", [DB, login["id"], "r", "res.partner", "create", [{"name": "x"}], {}])["error"]["data"]
    assert answer["name"] == "odoo.exceptions.AccessError" and "create" in answer["message"]
    assert "result" in rpc("object", "execute_kw", [DB, login["id"], "r", "res.partner", "search_count", [[]], {}])


def test_companies():
    company = call("res.company", "create", {"name": "Second %f" % time.time()})
    foreign = practice("POST", "call", {"model": "res.partner", "method": "create", "args": [{"name": "F", "company_id": company}]})["result"]
    assert call("res.partner", "search_count", [("id", "=", foreign)]) == 0
    refuses("AccessError", "res.partner", "read", [foreign], ["name"])
    refuses("AccessError", "res.partner", "search", [], context={"allowed_company_ids": [company]})
    assert "Invalid language code" in refuses("UserError", "res.partner", "search", [], context={"lang": "xx_XX"})


def test_translations():
    country = call("res.country", "create", {"name": "Spain", "code": "E%d" % (time.time() % 1e6)})
    call("res.country", "write", [country], {"name": "Espagne"}, context={"lang": "fr_FR"})
    assert one("res.country", country, "name")["name"] == "Spain"
    assert call("res.country", "read", [country], ["name"], context={"lang": "fr_FR"})[0]["name"] == "Espagne"
    call("res.users", "write", [UID], {"lang": "fr_FR"})
    assert (one("res.country", country, "name")["name"], call("res.users", "context_get")["lang"]) == ("Espagne", "fr_FR"), "the user's own language"
    assert call("res.country", "read", [country], ["name"], context={"lang": "en_US"})[0]["name"] == "Spain"
    call("res.users", "write", [UID], {"lang": "en_US"})


def test_json2():
    def ask(model, method, body, key=KEY):
        status, headers, text = send(f"/json/2/{model}/{method}", body, {"Authorization": "Bearer " + key})
        return status, json.loads(text) if text.startswith(("{", "[", "t", "f", "n")) or text.isdigit() else text, headers
    if MAJOR < 19:
        assert send("/json/2/res.partner/search", {}, {"Authorization": "Bearer " + KEY})[0] == 404
        return
    assert json.loads(send("/json/version")[2])["version"] == "19.0"
    status, made, _ = ask("res.partner", "create", {"vals_list": {"name": "J"}})
    assert status == 200 and isinstance(made, list)
    assert ask("res.partner", "write", {"ids": made, "vals": {"name": "K"}})[1] is True
    assert ask("res.partner", "search_read", {"domain": [["id", "in", made]], "fields": ["name"]})[1] == [{"id": made[0], "name": "K"}]
    status, body, headers = ask("res.partner", "search", {}, "nobody")
    assert status == 401 and headers["WWW-Authenticate"] == "Bearer" and body["message"] == "Invalid apikey"
    assert ask("res.partner", "write", {"ids": made})[0] == 422
    assert ask("res.partner", "write", {"ids": [999999], "vals": {"name": "x"}})[0] == 404
    assert ask("res.partner", "write", {"ids": made, "vals": {"type": "bogus"}})[0] == 500
    assert ask("res.partner", "search", {"ids": made})[0] == 422
    assert ask("res.partner", "nope", {})[0] == 404 and ask("no.model", "search", {})[0] == 404
    assert ask("res.partner", "_private", {})[0] == 403
    item = product()
    quant = call("stock.quant", "create", {"product_id": item, "location_id": 6, "inventory_quantity": 1})
    assert ask("stock.quant", "action_apply_inventory", {"ids": [quant]})[1] is None
    practice("POST", "keys", {"key": "ended", "expires": "2020-01-01 00:00:00"})
    assert ask("res.partner", "search", {}, "ended")[0] == 401


def test_faults():
    def with_rule(rule, work):
        practice("POST", "faults", [rule])
        try:
            return work()
        finally:
            practice("DELETE", "faults")
    partner = call("res.partner", "create", {"name": "F"})
    name = lambda: one("res.partner", partner, "name")["name"]
    rename = lambda to: lambda: call("res.partner", "write", [partner], {"name": to})
    write = {"model": "res.partner", "call": "write"}
    failed = with_rule({"match": write, "error": "psycopg2.errors.SerializationFailure"}, lambda: refuses("SerializationFailure", "res.partner", "write", [partner], {"name": "no"}))
    assert "concurrent update" in failed and name() == "F"
    for how, applied in (("before", False), ("after", True)):
        try:
            with_rule({"match": write, "drop": how}, rename(how))
            raise AssertionError("an answer came")
        except OSError:
            assert (name() == how) == applied
    body = {"jsonrpc": "2.0", "id": 1, "params": {"service": "common", "method": "version", "args": []}}
    status, _, text = with_rule({"match": {"path": "/jsonrpc"}, "html": 502}, lambda: send("/jsonrpc", body))
    assert status == 502 and "nginx" in text
    status, headers, _ = with_rule({"match": {"path": "/jsonrpc"}, "limit": 3}, lambda: send("/jsonrpc", body))
    assert status == 429 and headers["Retry-After"] == "3"
    assert send("/practice/faults", [{"match": {"mdel": "x"}}], method="POST")[0] == 400


def test_automation():
    got, ready = [], threading.Event()

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()
            if len(got) >= 4:
                ready.set()

        def log_message(self, *_):
            pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/hook"
    practice("POST", "automation", {"model": "res.partner", "url": url, "fields": ["name", "country_id", "write_date"], "repeats": 3})
    practice("POST", "automation", {"model": "res.partner", "url": url, "on": "unlink", "fields": ["ref"]})
    partner = call("res.partner", "create", {"name": "hooked", "ref": "R1", "country_id": 1})
    refuses("ValueError", "res.partner", "create", {"name": "rolled back", "type": "bogus"})
    call("res.partner", "unlink", [partner])
    assert ready.wait(20), got
    practice("DELETE", "automation")
    server.shutdown()
    told = [body for body in got if "name" in body]
    assert len(got) == 4 and [body["ref"] for body in got if "ref" in body] == ["R1"] and len(told) == 3
    assert (told[0]["_model"], told[0]["_id"], told[0]["country_id"], len(told[0]["write_date"])) == ("res.partner", partner, 1, 26)


def test_xmlrpc_client():
    common, models = (xmlrpc.client.ServerProxy(f"{BASE}/xmlrpc/2/{name}") for name in ("common", "object"))
    assert common.version()["protocol_version"] == 1 and common.authenticate(DB, LOGIN, PASSWORD, {}) == UID
    partner = models.execute_kw(DB, UID, PASSWORD, "res.partner", "create", [{"name": "<Tags> & \"quotes\" é日本🙂", "credit_limit": 1.5}])
    row = models.execute_kw(DB, UID, PASSWORD, "res.partner", "read", [[partner]], {"fields": ["name", "credit_limit", "phone"]})[0]
    assert row == {"id": partner, "name": "<Tags> & \"quotes\" é日本🙂", "credit_limit": 1.5, "phone": False}
    for wanted, args in ((2, ["write", [[999999], {"name": "x"}]]), (4, ["_secret", [[]]]), (1, ["write", [[partner], {"nope": 1}]])):
        try:
            models.execute_kw(DB, UID, PASSWORD, "res.partner", *args)
            raise AssertionError(args)
        except xmlrpc.client.Fault as fault:
            assert fault.faultCode == wanted, fault
    first = xmlrpc.client.ServerProxy(BASE + "/xmlrpc/object")
    try:
        first.execute_kw(DB, UID, PASSWORD, "res.partner", "write", [[999999], {"name": "x"}])
        raise AssertionError("no fault")
    except xmlrpc.client.Fault as fault:
        assert fault.faultCode.startswith("warning -- MissingError")


def test_odoorpc():
    try:
        import odoorpc
    except ImportError:
        print("odoorpc is not installed: left out")
        return
    where = urllib.parse.urlsplit(BASE)
    odoo = odoorpc.ODOO(where.hostname, port=where.port, version=f"{MAJOR}.0")
    odoo.login(DB, LOGIN, PASSWORD)
    partners = odoo.env["res.partner"]
    partner = partners.browse(partners.create({"name": "Orm", "country_id": 1}))
    assert partner.name == "Orm" and partner.country_id.code == "DE" and partner.child_ids.ids == []
    partner.name = "Changed"
    assert partners.search_count([("name", "=", "Changed"), ("id", "=", partner.id)]) == 1
    try:
        partners.write([999999], {"name": "x"})
        raise AssertionError("no error")
    except odoorpc.error.RPCError as error:
        assert "does not exist" in str(error)
    partners.unlink([partner.id])
    odoo.logout()


failed = 0
for name, test in [(name, test) for name, test in globals().items() if name.startswith("test_")]:
    try:
        test()
        print("ok -", name)
    except Exception as error:  # the name of the test says where to look
        failed += 1
        print("not ok -", name, type(error).__name__, error, f"line {error.__traceback__.tb_next and error.__traceback__.tb_next.tb_lineno}")
sys.exit(1 if failed else 0)
