-- The DocTypes every site has, as far as a synchroniser meets them.
--
-- One line per field type: `name`, `!` required, `=default`, `>options`. "~" stands for a space, "|" for a line break of
-- Select options; `later` came with 15.82. DocType, DocField and DocPerm come first: the rest is stored through them.

local site = require "practice.frappe.site"

local M = {}

local field_flags = [[
Data label fieldname
Select fieldtype=Data>|Autocomplete|Attach|Attach~Image|Barcode|Button|Check|Code|Color|Column~Break|Currency|Data|Date|Datetime|Duration|Dynamic~Link|Float|Fold|Geolocation|Heading|HTML|HTML~Editor|Icon|Image|Int|JSON|Link|Long~Text|Markdown~Editor|Password|Percent|Phone|Read~Only|Rating|Section~Break|Select|Signature|Small~Text|Tab~Break|Table|Table~MultiSelect|Text|Text~Editor|Time precision>|0|1|2|3|4|5|6|7|8|9
Small~Text options default fetch_from
Code depends_on mandatory_depends_on read_only_depends_on collapsible_depends_on
Text description
Data print_width width placeholder link_filters
Int length permlevel columns
Check hidden reqd bold in_global_search collapsible unique no_copy allow_on_submit ignore_user_permissions
Check in_list_view fetch_if_empty ignore_xss_filter print_hide_if_no_value in_standard_filter in_preview read_only
Check translatable hide_border hide_days hide_seconds non_negative is_virtual sort_options show_dashboard
Check allow_in_quick_entry print_hide report_hide search_index]]

M.list = {
  { "DocType", autoname = "Prompt", fields = [[
Data module!=Custom autoname title_field search_fields image_field timeline_field default_view icon color documentation restrict_to_domain nsm_parent_field
Select naming_rule>|Set~by~user|Autoincrement|By~fieldname|By~"Naming~Series"~field|Expression|Expression~(old~style)|Random|UUID|By~script document_type>|Document|Setup|System|Other
Small~Text description
Data sort_field=modified sort_order=DESC engine=InnoDB
Int max_attachments
Check issingle is_virtual is_tree istable editable_grid=1 track_changes read_only in_create allow_copy allow_rename=1
Check allow_import hide_toolbar track_seen is_submittable show_name_in_global_search custom beta has_web_view
Check allow_guest_to_view email_append_to show_title_field_in_link translated_doctype is_calendar_and_gantt quick_entry
Check track_views queue_in_background allow_events_in_timeline allow_auto_repeat make_attachments_public
Check force_re_route_to_default_view show_preview_popup index_web_pages_for_search=1
Table permissions>DocPerm fields>DocField links>DocType~Link actions>DocType~Action states>DocType~State]],
    later = [[
Int grid_page_length=50 rows_threshold_for_grid_search=20
Select row_format=Dynamic>Dynamic|Compressed
Check protect_attached_files]] },
  { "DocField", child = true, fields = field_flags .. [[

Check set_only_once in_filter remember_last_selected_value allow_bulk_edit show_on_timeline make_attachment_public]] },
  { "DocPerm", child = true, fields = [[
Link role>Role
Int permlevel
Check if_owner select read=1 write=1 create=1 delete=1 submit cancel amend report=1 export=1 import share=1 print=1 email=1]] },
  { "DocType Link", child = true, fields = "Data link_doctype link_fieldname" },
  { "DocType Action", child = true, fields = "Data label action" },
  { "DocType State", child = true, fields = "Data title color" },
  { "Role", autoname = "field:role_name", fields = [[
Data role_name! home_page
Check disabled is_custom desk_access=1 two_factor_auth]] },
  { "Has Role", child = true, fields = "Link role>Role" },
  { "User", autoname = "email", fields = [[
Check enabled=1 send_welcome_email=1 unsubscribed mute_sounds logout_all_sessions=1 document_follow_notify
Data email! first_name! last_name full_name username
Data language=en time_zone api_key
Select desk_theme=Light>|Light|Dark|Automatic user_type=System~User>|System~User|Website~User
Select document_follow_frequency=Daily>Hourly|Daily|Weekly
Check search_bar=1 notifications=1 list_sidebar=1 bulk_actions=1 view_switcher=1 form_sidebar=1 timeline=1 dashboard=1
Check follow_created_documents follow_commented_documents follow_liked_documents follow_assigned_documents
Check follow_shared_documents thread_notify=1 send_me_a_copy allowed_in_mentions=1 bypass_restrict_ip_check_if_2fa_enabled
Int simultaneous_sessions=2 login_after login_before
Small~Text onboarding_status={}
Data last_ip
Datetime last_login last_active
Password api_secret new_password=
Table roles>Has~Role social_logins>User~Social~Login user_emails>User~Email defaults>DefaultValue block_modules>Block~Module]] },
  { "User Social Login", child = true, fields = "Data provider username userid" },
  { "User Email", child = true, fields = "Data email_account email_id" },
  { "DefaultValue", child = true, fields = "Data defkey\nText defvalue" },
  { "Block Module", child = true, fields = "Data module" },
  { "Custom Field", autoname = "custom_field", fields = [[
Link! dt!>DocType
Data module insert_after
Check is_system_generated
]] .. field_flags },
  { "Property Setter", fields = [[
Check is_system_generated
Select doctype_or_field=DocField>|DocField|DocType
Link doc_type>DocType
Data field_name property! property_type module row_name
Small~Text value]] },
  { "ToDo", public = true, rename = false, fields = [[
Select status=Open>Open|Closed|Cancelled priority=Medium>High|Medium|Low
Date date=Today
Text~Editor description!
Link allocated_to>User]] },
  { "Comment", fields = [[
Select comment_type=Comment>Comment|Like|Info|Label|Workflow|Created|Submitted|Cancelled|Updated|Deleted|Assigned|Attachment|Attachment~Removed|Shared|Unshared|Bot|Relinked|Edit
Data comment_email comment_by
Link reference_doctype>DocType
Dynamic~Link reference_name>reference_doctype
Text subject
HTML~Editor content
Check published seen]] },
  { "Version", fields = "Link ref_doctype>DocType\nData docname!\nCode data" },
  { "Deleted Document", fields = [[
Data deleted_name deleted_doctype new_name
Check restored
Code data]] },
  { "Webhook", autoname = "webhook", fields = [[
Link webhook_doctype!>DocType
Select webhook_docevent>after_insert|on_update|on_submit|on_cancel|on_trash|on_update_after_submit|on_change
Check enabled=1 is_dynamic_url enable_security
Small~Text condition
Small~Text request_url!
Int timeout=5
Data background_jobs_queue
Select request_method=POST!>POST|PUT|DELETE request_structure>|Form~URL-Encoded|JSON
Password webhook_secret
Code webhook_json
Table webhook_headers>Webhook~Header webhook_data>Webhook~Data]] },
  { "Webhook Header", child = true, fields = "Small~Text key value" },
  { "Webhook Data", child = true, fields = "Data fieldname! key!" },
  { "Webhook Request Log", fields = [[
Data webhook reference_document
Link user>User
Text url headers data response error]] },
  { "System Settings", single = true, fields = [[
Data app_name=Frappe country language=en time_zone date_format=yyyy-mm-dd time_format=HH:mm:ss
Data number_format=#,###.## first_day_of_the_week=Sunday session_expiry=170:00
Select float_precision>|2|3|4|5|6|7|8|9 currency_precision>|2|3|4|5|6|7|8|9 rounding_method=Banker's~Rounding~(legacy)>Banker's~Rounding~(legacy)|Banker's~Rounding|Commercial~Rounding
Check enable_onboarding setup_complete=1 disable_document_sharing apply_strict_user_permissions use_number_format_from_currency
Check allow_older_web_view_links deny_multiple_sessions disable_user_pass_login allow_login_using_mobile_number
Check allow_login_using_user_name login_with_email_link=1 enable_two_factor_auth bypass_2fa_for_retricted_ip_users
Check bypass_restrict_ip_check_if_2fa_enabled logout_on_password_reset=1 enable_password_policy=1 disable_standard_email_footer
Check hide_footer_in_auto_email_reports attach_view_link=1 store_attached_pdf_document=1 allow_guests_to_upload_files
Check force_web_capture_mode_for_uploads strip_exif_metadata_from_uploaded_images=1 disable_system_update_notification
Check disable_change_log_notification encrypt_backup enable_scheduler allow_error_traceback=1 enable_telemetry=1
Int document_share_key_expiry=30 login_with_email_link_expiry=10 rate_limit_email_link_login allow_consecutive_login_attempts=10
Int allow_login_after_fail=60 lifespan_qrcode_image force_user_to_reset_password password_reset_limit=3 email_retry_limit=3
Int max_file_size backup_limit=3 max_auto_email_report_per_user=20 dormant_days=4 link_field_results_limit=10
Data two_factor_method=OTP~App otp_issuer_name=Frappe~Framework reset_password_link_expiry_duration=1200 minimum_password_score=2]],
    later = [[
Int max_signups_allowed_per_hour=300 delete_background_exported_reports_after=48 max_report_rows=100000
Check show_absolute_datetime_in_timeline log_api_requests]] },
  { "OAuth Client", autoname = "hash", fields = [[
Data client_id app_name! client_secret default_redirect_uri!
Text scopes=all~openid! redirect_uris
Select grant_type>Authorization~Code|Implicit response_type=Code>Code|Token
Check skip_authorization]] },
  { "OAuth Bearer Token", autoname = "field:access_token", fields = [[
Link client>OAuth~Client user>User
Text scopes
Data access_token refresh_token
Datetime expiration_time
Int expires_in
Select status>Active|Revoked]] },
  { "File", rename = false, public = true, fields = [[
Data file_name folder=Home attached_to_doctype attached_to_name attached_to_field content_hash
Check is_private is_folder
Int file_size
Code file_url]] },
  { "User Permission", fields = [[
Link user!>User allow!>DocType
Dynamic~Link for_value!>allow
Check is_default apply_to_all_doctypes=1 hide_descendants
Link applicable_for>DocType]] },
  { "Error Log", fields = "Data method trace_id\nCode error\nCheck seen" },
}

local function plain(word)
  return (word:gsub("~", " "))
end

local function parse_field(kind, word)
  local required = word:find("!", 1, true) ~= nil
  word = word:gsub("!", "")
  local name, rest = word:match "^([%w_]+)(.*)$"
  local default = rest:match "^=([^>]*)"
  local options = rest:match ">(.*)$"
  return {
    fieldname = name, fieldtype = kind, label = (name:gsub("_", " "):gsub("%f[%w]%l", string.upper)),
    reqd = required and 1 or 0, default = default and plain(default) or nil,
    options = options and plain(options):gsub("|", "\n") or nil,
  }
end

--- The field definitions of one entry of the list, in order.
function M.fields(entry)
  local fields = {}
  local text = entry.fields
  if entry.later and site.level >= 1582 then text = text .. "\n" .. entry.later end
  for line in text:gmatch "[^\n]+" do
    local kind, rest = line:match "^(%S+)%s+(.*)$"
    for word in rest:gmatch "%S+" do
      fields[#fields + 1] = parse_field(plain((kind:gsub("!", ""))), word)
    end
  end
  return fields
end

--- The permission rows of one entry of the list.
function M.permissions(entry)
  if entry.child then return {} end
  local rows = { { role = "System Manager", permlevel = 0 } }
  if entry.public then rows[2] = { role = "All", permlevel = 0 } end
  for _, row in ipairs(rows) do
    for right in ("read write create delete report export share print email"):gmatch "%a+" do row[right] = 1 end
  end
  return rows
end

return M
