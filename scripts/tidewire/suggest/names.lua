--- What names of fields have to do with each other: spelling, labels, words that mean the same.

local text = require "tidewire.text"

local M = {}

-- One line per meaning; the first word stands for all. Words of a name that only say whose field it is are left out before.
local meanings = {
  "phone mobile telephone tel cell cellphone phoneno mobileno cellnumber mobilenumber phonenumber mobilephone",
  "email mail emailid emailaddress mailaddress companyemail",
  "name title fullname displayname employeename customername suppliername itemname leadname partnername productname label",
  "firstname givenname forename", "lastname surname familyname",
  "born dateofbirth birthdate birthday bornon dob",
  "joined dateofjoining joinedon hiredate hiredon startdate",
  "left relievingdate lefton enddate",
  "gender sex",
  "address street addressline addressline1 street1", "address2 addressline2 street2",
  "postcode zip zipcode postalcode pincode plz",
  "city town", "country countrycode countryid", "region state province county stateid",
  "description details longdescription descriptionsale", "note notes remark remarks comment comments memo",
  "status stage state", "active enabled isactive", "disabled inactive isdisabled", "type kind",
  "code sku itemcode defaultcode productcode articlenumber staffcode employeenumber employeeid number no",
  "barcode ean gtin ean13",
  "price rate listprice standardrate unitprice pricelistrate saleprice lstprice", "cost standardprice valuationrate buyingprice",
  "quantity qty amountofunits productqty productuomqty", "unit uom stockuom uomid",
  "amount total grandtotal amounttotal", "tax taxamount amounttax", "currency currencyid currencycode salarycurrency",
  "salary ctc wage", "company organization organisation org companyid orgid organizationid", "department team departmentid teamid",
  "manager reportsto managerid parentid boss", "parent parentid parentcategory",
  "website url homepage web", "vat taxid vatnumber vatid", "date day postingdate transactiondate dateorder orderdate", "due duedate datedue",
  "customer client partner customerid partnerid", "supplier vendor supplierid vendorid", "image picture photo avatar",
  "tags labels categories", "category group itemgroup categid categoryid", "language lang languagecode",
}

local meaning_of = {}
for _, line in ipairs(meanings) do
  local first = line:match "^%S+"
  for word in line:gmatch "%S+" do
    meaning_of[word] = meaning_of[word] or {}
    meaning_of[word][first] = true
  end
end

local opposites = { active = "disabled", disabled = "active" }

local filler = { custom = true, x = true, the = true, of = true, ["is"] = true, has = true, studio = true }

--- The words of a name, in lower case: "cell_number", "cellNumber" and "Cell Number" are { "cell", "number" }.
function M.words(name)
  local spaced = name:gsub("(%l)(%u)", "%1 %2"):gsub("[^%w\128-\255]+", " ")
  local words = {}
  for word in text.fold(spaced):gmatch "%S+" do words[#words + 1] = word end
  return words
end

local function told(words)
  local list = {}
  for _, word in ipairs(words) do
    if not filler[word] then list[#list + 1] = word end
  end
  return #list > 0 and list or words
end

local function joined(words) return table.concat(words) end

local function set_of(words)
  local set = {}
  for _, word in ipairs(words) do set[word] = true end
  return set
end

local function singular(word) return word:match "^(%a%a%a+[^s])s$" or word end

local function meanings_of(words)
  return meaning_of[joined(words)] or (#words == 1 and meaning_of[singular(words[1])]) or nil
end

-- The meaning that both have, or nil.
local function common_meaning(a, b)
  local ours, theirs = meanings_of(a), meanings_of(b)
  if not ours or not theirs then return nil end
  local found
  for word in pairs(ours) do
    if theirs[word] and (not found or word < found) then found = word end
  end
  return found
end

-- Whether the two say the opposite of each other: "disabled" and "active".
local function opposed(a, b)
  for word in pairs(meanings_of(a) or {}) do
    if opposites[word] and (meanings_of(b) or {})[opposites[word]] then return true end
  end
  return false
end

local function overlap(a, b)
  local set, common, longest = set_of(a), 0, nil
  for _, word in ipairs(b) do
    if set[word] and #word > 2 then
      common = common + 1
      if not longest or #word > #longest then longest = word end
    end
  end
  return common / math.max(#a, #b), longest
end

-- Whether `words` begin with the last words of a collection's name, from its word `first` on, and go on after them.
local function begins_with(words, own, first)
  local count = #own - first + 1
  if #words <= count then return false end
  for i = 1, count do
    if singular(words[i]) ~= singular(own[first + i - 1]) then return false end
  end
  return true
end

-- "customer_name" of a Customer is its "name", and so is "customer_group_name" of a Customer Group.
local function without(words, collection)
  local own = M.words(collection)
  for first = 1, #own do
    if begins_with(words, own, first) then return { unpack(words, #own - first + 2) } end
  end
  return words
end

-- "group_id" that refers to a group is called "group".
local function without_id(field, words)
  if not (field.references ~= nil or field.type and field.type.kind == "reference") or #words < 2 or words[#words] ~= "id" then return words end
  return { unpack(words, 1, #words - 1) }
end

local function own_name(field, words, collection) return without_id(field, without(words, collection or "")) end

--- Whether a field is what a record is called by.
function M.is_name(field)
  local meaning = meanings_of(told(M.words(field.name)))
  return meaning ~= nil and meaning.name == true
end

--- Whether two fields that hold yes or no say the opposite of each other.
function M.opposed(left, right)
  if left.type.kind ~= "bool" or right.type.kind ~= "bool" then return false end
  local a, b = M.words(left.name), M.words(right.name)
  return opposed(a, b) or opposed(told(a), told(b))
end

--- How near two fields are by what they are called, 0 to 1, and why; nil where they have nothing in common. The names of the
--- collections, where they are known, may stand before those of their fields.
function M.near(left, right, left_collection, right_collection)
  if left.name == right.name then return 1, "same name" end
  local a, b = M.words(left.name), M.words(right.name)
  if joined(a) == joined(b) then return 0.97, "same name, spelled differently" end
  local short_a, short_b = told(a), told(b)
  if joined(short_a) == joined(short_b) then return 0.92, "same name" end
  local label_a, label_b = left.label and M.words(left.label), right.label and M.words(right.label)
  if label_a and label_b and joined(label_a) == joined(label_b) then return 0.88, "same label, " .. left.label end
  if label_a and joined(label_a) == joined(b) then return 0.86, "its label " .. left.label .. " is the other's name" end
  if label_b and joined(label_b) == joined(a) then return 0.86, "its label " .. right.label .. " is the other's name" end
  local own_a, own_b = own_name(left, a, left_collection), own_name(right, b, right_collection)
  if joined(own_a) == joined(own_b) or joined(own_a) == joined(b) or joined(own_b) == joined(a) then return 0.84, "same name without that of the collection" end
  local meaning = common_meaning(a, b) or common_meaning(short_a, short_b) or common_meaning(own_a, own_b)
  if meaning then return 0.8, "both mean " .. meaning end
  if M.opposed(left, right) then return 0.8, "one is the opposite of the other" end
  local share, word = overlap(short_a, short_b)
  if share >= 0.5 then return 0.45 + 0.25 * share, "both say " .. word end
  local long, short = joined(short_a), joined(short_b)
  if #long < #short then long, short = short, long end
  if #short >= 5 and long:find(short, 1, true) then return 0.5, "one name holds the other" end
  return nil
end

return M
