# Terraform's elasticstack provider speaks to the service as if it were Kibana.
terraform {
  required_providers {
    elasticstack = { source = "elastic/elasticstack" }
  }
}

provider "elasticstack" {
  kibana {
    endpoints = ["http://127.0.0.1:5602"]
    api_key   = var.api_key
  }
}

variable "api_key" { sensitive = true }
variable "jira_token" { sensitive = true }

resource "elasticstack_kibana_action_connector" "tickets" {
  name              = "Tickets"
  connector_type_id = ".jira"
  config            = jsonencode({ apiUrl = "https://example.atlassian.net", projectKey = "OPS" })
  secrets           = jsonencode({ email = "connector@example.com", apiToken = var.jira_token })
}
