--- The plugin that a site gets: one PHP file for wp-content/mu-plugins, the same for every mapping. What is registered and who is
--- told are settings, made over REST by `tidewire install`.

local M = {}

--- The file's name and the version of its text.
M.name, M.version = "tidewire.php", "1"

local text = [==[
<?php
/**
 * Plugin Name: Tidewire
 * Description: Registers the meta that mappings use, and tells Tidewire at once what changed. Settings: `tidewire install wordpress MAPPING`.
 * Version: {version}
 */
if (!defined('ABSPATH')) exit;

/** { meta: { "post type": { key: type } }, watch: { name: { address: secret } } }, where name is a post type, a taxonomy or "users". */
function tidewire_settings() {
  return wp_parse_args(get_option('tidewire', []), ['meta' => [], 'watch' => []]);
}

function tidewire_kind($name) {
  return $name === 'users' ? 'user' : (taxonomy_exists($name) ? 'term' : 'post');
}

// Registered meta ----------------------------------------------------------------------------------------------------------

add_action('init', function () {
  foreach (tidewire_settings()['meta'] as $name => $keys) {
    $kind = tidewire_kind($name);
    if ($kind === 'post') add_post_type_support($name, 'custom-fields');
    foreach ($keys as $key => $type) {
      $shown = $type === 'array' ? ['schema' => ['type' => 'array', 'items' => ['type' => 'string']]] : true;
      register_meta($kind, $key, [
        'object_subtype' => $kind === 'user' ? '' : $name, 'type' => $type, 'single' => true, 'show_in_rest' => $shown,
        'auth_callback' => function ($allowed, $key, $id) use ($kind) { return current_user_can("edit_$kind", $id); },
      ]);
    }
  }
}, 99);

// What changed -------------------------------------------------------------------------------------------------------------

function tidewire_note($name, $id) {
  global $tidewire_changed;
  if (empty(tidewire_settings()['watch'][$name])) return;
  if (empty($tidewire_changed)) add_action('shutdown', 'tidewire_tell');
  $tidewire_changed["$name $id"] = [$name, (int) $id];
}

function tidewire_note_post($id) {
  $type = get_post_type($id);
  if ($type && get_post_status($id) !== 'auto-draft') tidewire_note($type, $id);
}

add_action('save_post', 'tidewire_note_post');
add_action('before_delete_post', 'tidewire_note_post');
add_action('set_object_terms', function ($id, $terms, $now, $taxonomy, $append, $before) {
  sort($now);
  sort($before);
  if ($now != $before && in_array($taxonomy, get_object_taxonomies(get_post_type($id) ?: ''), true)) tidewire_note_post($id);
}, 10, 6);
foreach (['added', 'updated', 'deleted'] as $tidewire_verb) {
  add_action("{$tidewire_verb}_post_meta", function ($row, $id, $key) {
    $type = get_post_type($id);
    if ($type && (!is_protected_meta($key, 'post') || registered_meta_key_exists('post', $key, $type))) tidewire_note_post($id);
  }, 10, 3);
  add_action("{$tidewire_verb}_term_meta", function ($row, $id) {
    $term = get_term($id);
    if ($term instanceof WP_Term) tidewire_note($term->taxonomy, $id);
  }, 10, 2);
}
foreach (['created_term', 'edited_term', 'delete_term'] as $tidewire_verb) {
  add_action($tidewire_verb, function ($id, $row, $taxonomy) { tidewire_note($taxonomy, $id); }, 10, 3);
}
foreach (['user_register', 'profile_update', 'deleted_user'] as $tidewire_verb) {
  add_action($tidewire_verb, function ($id) { tidewire_note('users', $id); });
}

function tidewire_event($name, $id) {
  $kind = tidewire_kind($name);
  if ($kind === 'user') return get_userdata($id) ? 'saved' : 'deleted';
  if ($kind === 'term') return get_term($id, $name) instanceof WP_Term ? 'saved' : 'deleted';
  $status = get_post_status($id);
  return $status === false ? 'deleted' : ($status === 'trash' ? 'trashed' : 'saved');
}

/** One signed message per record and address. What nobody took is sent again with the next one, or by cron. */
function tidewire_tell() {
  global $tidewire_changed;
  $waiting = get_option('tidewire_waiting', []);
  $changes = ($tidewire_changed ?: []) + $waiting;
  $tidewire_changed = [];
  $missed = [];
  if (function_exists('fastcgi_finish_request')) fastcgi_finish_request();
  foreach ($changes as $which => [$name, $id]) {
    foreach (tidewire_settings()['watch'][$name] ?? [] as $address => $secret) {
      $body = wp_json_encode(['collection' => $name, 'key' => (string) $id, 'event' => tidewire_event($name, $id)]);
      $answer = $missed ? null : wp_remote_post($address, ['body' => $body, 'timeout' => 3, 'redirection' => 0, 'headers' => [
        'Content-Type' => 'application/json', 'Webhook-Id' => wp_generate_uuid4(), 'X-Tidewire-Signature' => hash_hmac('sha256', $body, $secret)]]);
      if (!$answer || wp_remote_retrieve_response_code($answer) !== 202) $missed[$which] = [$name, $id];
    }
  }
  $missed = array_slice($missed, 0, 1000, true);
  if ($missed != $waiting) update_option('tidewire_waiting', $missed, false);
  if ($missed && !wp_next_scheduled('tidewire_again')) wp_schedule_single_event(time() + 60, 'tidewire_again');
}
add_action('tidewire_again', 'tidewire_tell');

// Settings, and the search by meta that core has not -----------------------------------------------------------------------

function tidewire_shown() {
  $shown = tidewire_settings() + ['version' => '{version}'];
  foreach ($shown['watch'] as $name => $addresses) {
    foreach ($addresses as $address => $secret) $shown['watch'][$name][$address] = hash_hmac('sha256', $address, $secret);
  }
  return ['meta' => (object) $shown['meta'], 'watch' => (object) $shown['watch'], 'version' => $shown['version']];
}

add_action('rest_api_init', function () {
  $allowed = function () { return current_user_can('manage_options'); };
  register_rest_route('tidewire/v1', '/settings', [
    ['methods' => 'GET', 'permission_callback' => $allowed, 'callback' => 'tidewire_shown'],
    ['methods' => 'POST', 'permission_callback' => $allowed, 'callback' => function ($request) {
      $settings = tidewire_settings();
      foreach (['meta', 'watch'] as $part) {
        foreach ((array) $request[$part] as $name => $entries) {
          foreach ((array) $entries as $key => $value) {
            if ($value === null) unset($settings[$part][$name][$key]); else $settings[$part][$name][$key] = (string) $value;
          }
          if (empty($settings[$part][$name])) unset($settings[$part][$name]);
        }
      }
      update_option('tidewire', $settings);
      return tidewire_shown();
    }],
  ]);
  foreach (get_post_types(['show_in_rest' => true]) as $type) {
    add_filter("rest_{$type}_query", function ($query, $request) use ($type) {
      $key = $request['tidewire_meta'];
      if (!$key || !registered_meta_key_exists('post', $key, $type) || !current_user_can('edit_posts')) return $query;
      $query['meta_query'] = [['key' => $key, 'value' => (string) $request['tidewire_value']]];
      return $query;
    }, 10, 2);
  }
}, 100);
]==]

--- The text of the file.
function M.text() return (text:gsub("{version}", M.version)) end

return M
