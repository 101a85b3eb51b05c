// Package kernel asks a price service and a database with far more clients than connections.
package kernel

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"io"
	"net"
	"net/http"
	"time"
)

const (
	clientsEach = 6
	connections = 2
	answerTime  = 20 * time.Millisecond
)

// Run starts 6 clients of each kind for each of n.
func Run(n int) {
	url := serve()
	prices := &http.Client{Transport: &http.Transport{MaxConnsPerHost: connections}}
	stock := sql.OpenDB(database{})
	stock.SetMaxOpenConns(connections)
	for client := 0; client < n*clientsEach; client++ {
		go askPrices(prices, url)
		go askStock(stock)
	}
}

func askPrices(client *http.Client, url string) {
	for {
		answer, err := client.Get(url) // want DL009
		if err != nil {
			panic(err)
		}
		io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
	}
}

func askStock(db *sql.DB) {
	for {
		if _, err := db.Exec("update stock"); err != nil { // want DL009
			panic(err)
		}
	}
}

func serve() string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(answerTime)
		io.WriteString(w, "17.20")
	}))
	return "http://" + listener.Addr().String()
}

// database answers every statement after a while.
type database struct{}

func (database) Connect(context.Context) (driver.Conn, error) { return conn{}, nil }
func (database) Driver() driver.Driver                        { return nil }

type conn struct{}

func (conn) Prepare(string) (driver.Stmt, error) { return statement{}, nil }
func (conn) Close() error                        { return nil }
func (conn) Begin() (driver.Tx, error)           { return nil, driver.ErrSkip }

type statement struct{}

func (statement) Close() error                              { return nil }
func (statement) NumInput() int                             { return -1 }
func (statement) Query([]driver.Value) (driver.Rows, error) { return nil, driver.ErrSkip }
func (statement) Exec([]driver.Value) (driver.Result, error) {
	time.Sleep(answerTime)
	return driver.ResultNoRows, nil
}
