// Every page: its name in the address, its title in the menu, who may see it; of one that shows one thing what that is, and the page that lists them.
import { alerts_page } from "./alerts.js";
import { audit_page } from "./audit.js";
import { conflicts_page } from "./conflicts.js";
import { connections_page } from "./connections.js";
import { dead_letters_page } from "./dead_letters.js";
import { jobs_page } from "./jobs.js";
import { logs_page } from "./logs.js";
import { mapping_page } from "./mapping.js";
import { new_mapping_page } from "./new_mapping.js";
import { operation_page } from "./operation.js";
import { operations_page } from "./operations.js";
import { overview_page } from "./overview.js";
import { record_page } from "./record.js";
import { users_page } from "./users.js";
import { webhooks_page } from "./webhooks.js";

export const pages = [
  { name: "", title: "Overview", draw: overview_page },
  { name: "operations", title: "Operations", draw: operations_page },
  { name: "operation", one: "Operation", list: "operations", draw: operation_page },
  { name: "alerts", title: "Alerts", draw: alerts_page },
  { name: "conflicts", title: "Conflicts", list: "conflicts", draw: conflicts_page },
  { name: "dead-letters", title: "Dead letters", draw: dead_letters_page },
  { name: "record", title: "Record", draw: record_page },
  { name: "mapping", one: "Mapping", list: "", draw: mapping_page },
  { name: "new-mapping", one: "New mapping", role: "operator", draw: new_mapping_page },
  { name: "jobs", title: "Jobs", draw: jobs_page },
  { name: "connections", title: "Connections", list: "connections", draw: connections_page },
  { name: "webhooks", title: "Webhooks", draw: webhooks_page },
  { name: "logs", title: "Log", draw: logs_page },
  { name: "audit", title: "Audit", role: "operator", draw: audit_page },
  { name: "users", title: "Users", role: "admin", draw: users_page },
];
