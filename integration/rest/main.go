// One call of a Kafka REST server through Confluent's SDK, as its users make it: the answer, decoded by the SDK and
// printed as JSON; or an error, with exit code 1 and "STATUS MESSAGE BODY" on stderr. Built against two versions of the
// SDK: the newest (go.mod), and the one inside the Terraform provider (terraform.mod).
//
//	rest URL CLUSTER CALL [ARGUMENT…]
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"

	kafkarest "github.com/confluentinc/ccloud-sdk-go-v2/kafkarest/v3"
)

type driver struct {
	ctx     context.Context
	links   kafkarest.ClusterLinkingV3Api
	topics  kafkarest.TopicV3Api
	cluster kafkarest.ClusterV3Api
	id      string
}

type answer struct {
	value    any
	response *http.Response
	err      error
}

func of[T any](value T, response *http.Response, err error) answer { return answer{value, response, err} }
func none(response *http.Response, err error) answer               { return answer{struct{}{}, response, err} }

func pairs(arguments []string) []kafkarest.ConfigData {
	var configs []kafkarest.ConfigData
	for _, argument := range arguments {
		name, value, _ := strings.Cut(argument, "=")
		configs = append(configs, *kafkarest.NewConfigData(name, *kafkarest.NewNullableString(&value)))
	}
	return configs
}

func (d *driver) alter(link string, arguments []string) answer {
	var data []kafkarest.AlterConfigBatchRequestDataData
	for _, argument := range arguments {
		name, value, _ := strings.Cut(argument, "=")
		one := kafkarest.NewAlterConfigBatchRequestDataData(name)
		one.SetValue(value)
		data = append(data, *one)
	}
	body := *kafkarest.NewAlterConfigBatchRequestData(data)
	return none(d.links.UpdateKafkaLinkConfigBatch(d.ctx, d.id, link).AlterConfigBatchRequestData(body).Execute())
}

func (d *driver) createLink(name, source string, configs []string) answer {
	body := *kafkarest.NewCreateLinkRequestData()
	if source != "" {
		body.SetSourceClusterId(source)
	}
	body.SetConfigs(pairs(configs))
	return none(d.links.CreateKafkaLink(d.ctx, d.id).LinkName(name).CreateLinkRequestData(body).Execute())
}

func (d *driver) verb(verb, link string, topics []string) answer {
	verb, validateOnly := strings.CutSuffix(verb, "?")
	body := *kafkarest.NewAlterMirrorsRequestData()
	body.SetMirrorTopicNames(topics)
	switch verb {
	case "pause":
		return of(d.links.UpdateKafkaMirrorTopicsPause(d.ctx, d.id, link).ValidateOnly(validateOnly).AlterMirrorsRequestData(body).Execute())
	case "resume":
		return of(d.links.UpdateKafkaMirrorTopicsResume(d.ctx, d.id, link).ValidateOnly(validateOnly).AlterMirrorsRequestData(body).Execute())
	case "promote":
		return of(d.links.UpdateKafkaMirrorTopicsPromote(d.ctx, d.id, link).ValidateOnly(validateOnly).AlterMirrorsRequestData(body).Execute())
	case "failover":
		return of(d.links.UpdateKafkaMirrorTopicsFailover(d.ctx, d.id, link).ValidateOnly(validateOnly).AlterMirrorsRequestData(body).Execute())
	}
	return answer{err: fmt.Errorf("no call %q", verb)}
}

func (d *driver) call(call string, a []string) answer {
	switch fmt.Sprintf("%s/%d", call, len(a)) {
	case "cluster/0":
		return of(d.cluster.GetKafkaCluster(d.ctx, d.id).Execute())
	case "topics/0":
		return of(d.topics.ListKafkaTopics(d.ctx, d.id).Execute())
	case "topic/1":
		return of(d.topics.GetKafkaTopic(d.ctx, d.id, a[0]).Execute())
	case "delete-topic/1":
		return none(d.topics.DeleteKafkaTopic(d.ctx, d.id, a[0]).Execute())
	case "links/0":
		return of(d.links.ListKafkaLinks(d.ctx, d.id).Execute())
	case "link/1":
		return of(d.links.GetKafkaLink(d.ctx, d.id, a[0]).Execute())
	case "delete-link/1":
		return none(d.links.DeleteKafkaLink(d.ctx, d.id, a[0]).Execute())
	case "force-delete-link/1":
		return none(d.links.DeleteKafkaLink(d.ctx, d.id, a[0]).Force(true).Execute())
	case "configs/1":
		return of(d.links.ListKafkaLinkConfigs(d.ctx, d.id, a[0]).Execute())
	case "config/2":
		return of(d.links.GetKafkaLinkConfigs(d.ctx, d.id, a[0], a[1]).Execute())
	case "set-config/3":
		body := *kafkarest.NewUpdateLinkConfigRequestData(a[2])
		return none(d.links.UpdateKafkaLinkConfig(d.ctx, d.id, a[0], a[1]).UpdateLinkConfigRequestData(body).Execute())
	case "reset-config/2":
		return none(d.links.DeleteKafkaLinkConfig(d.ctx, d.id, a[0], a[1]).Execute())
	case "mirrors/0":
		return of(d.links.ListKafkaMirrorTopics(d.ctx, d.id).Execute())
	case "mirrors/1":
		return of(d.links.ListKafkaMirrorTopicsUnderLink(d.ctx, d.id, a[0]).Execute())
	case "mirror/2":
		return of(d.links.ReadKafkaMirrorTopic(d.ctx, d.id, a[0], a[1]).Execute())
	case "create-mirror/2":
		body := *kafkarest.NewCreateMirrorTopicRequestData(a[1])
		return none(d.links.CreateKafkaMirrorTopic(d.ctx, d.id, a[0]).CreateMirrorTopicRequestData(body).Execute())
	}
	switch {
	case call == "create-link" && len(a) >= 2:
		return d.createLink(a[0], a[1], a[2:])
	case call == "alter-configs" && len(a) >= 2:
		return d.alter(a[0], a[1:])
	case len(a) >= 2:
		return d.verb(call, a[0], a[1:])
	}
	return answer{err: fmt.Errorf("no call %q with %d arguments", call, len(a))}
}

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "rest URL CLUSTER CALL [ARGUMENT…]")
		os.Exit(64)
	}
	configuration := kafkarest.NewConfiguration()
	configuration.Servers = kafkarest.ServerConfigurations{{URL: os.Args[1]}}
	client := kafkarest.NewAPIClient(configuration)
	d := driver{context.Background(), client.ClusterLinkingV3Api, client.TopicV3Api, client.ClusterV3Api, os.Args[2]}
	made := d.call(os.Args[3], os.Args[4:])
	status := 0
	if made.response != nil {
		status = made.response.StatusCode
	}
	if made.err != nil {
		body := ""
		if raw, ok := made.err.(interface{ Body() []byte }); ok {
			body = string(raw.Body())
		}
		fmt.Fprintln(os.Stderr, status, made.err, body)
		os.Exit(1)
	}
	text, err := json.Marshal(made.value)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(string(text))
}
