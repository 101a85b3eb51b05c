// Mqtt-broker runs the mochi MQTT broker and 30 paho clients that subscribe, keep alive and rarely publish.
// Waits: per connection the broker's reader and writer; paho's five loops per client.
package main

import (
	"fmt"
	"io"
	"log/slog"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"

	"github.com/goherd/goherd/testbed/internal/admin"
)

func main() {
	admin.Start()
	broker := mqtt.New(&mqtt.Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	admin.Must(broker.AddHook(new(auth.AllowHook), nil))
	listener := admin.Loopback()
	admin.Must(broker.AddListener(listeners.NewNet("loopback", listener)))
	go func() { admin.Must(broker.Serve()) }()

	var clients []paho.Client
	for i := range 30 {
		clients = append(clients, connect(fmt.Sprintf("sensor-%02d", i), listener.Addr().String()))
	}
	for {
		for _, client := range clients {
			time.Sleep(2 * time.Second)
			client.Publish("readings", 1, false, "21.5").Wait()
		}
	}
}

func connect(name, addr string) paho.Client {
	options := paho.NewClientOptions().AddBroker("tcp://" + addr).SetClientID(name).SetKeepAlive(30 * time.Second)
	client := paho.NewClient(options)
	token := client.Connect()
	token.Wait()
	admin.Must(token.Error())
	subscription := client.Subscribe("readings", 1, func(paho.Client, paho.Message) {})
	subscription.Wait()
	admin.Must(subscription.Error())
	return client
}
