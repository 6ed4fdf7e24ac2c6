// Uses what Go programs use of a kernel, and answers on 8080 what came of each.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

func told(err error) string {
	if err != nil {
		return err.Error()
	}
	return "ok"
}

func goroutines() error {
	var sum atomic.Int64
	var group sync.WaitGroup
	for i := 0; i < 200; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			time.Sleep(time.Millisecond)
			sum.Add(1)
		}()
	}
	group.Wait()
	if sum.Load() != 200 {
		return fmt.Errorf("only %d", sum.Load())
	}
	return nil
}

func timers() error {
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for i := 0; i < 5; i++ {
		<-ticker.C
	}
	return nil
}

func files() error {
	if err := os.MkdirAll("/state/a/b", 0o755); err != nil {
		return err
	}
	if err := os.WriteFile("/state/a/b/c", []byte("text"), 0o600); err != nil {
		return err
	}
	if err := os.Rename("/state/a/b/c", "/state/a/d"); err != nil {
		return err
	}
	found, err := os.ReadFile("/state/a/d")
	if err == nil && string(found) != "text" {
		err = fmt.Errorf("read %q", found)
	}
	return err
}

func pipes() error {
	reader, writer, err := os.Pipe()
	if err != nil {
		return err
	}
	go func() { io.WriteString(writer, "through"); writer.Close() }()
	found, err := io.ReadAll(reader)
	if err == nil && string(found) != "through" {
		err = fmt.Errorf("read %q", found)
	}
	return err
}

func child() error {
	found, err := exec.Command("/program", "child").Output()
	if err == nil && string(found) != "child\n" {
		err = fmt.Errorf("said %q", found)
	}
	return err
}

func network() error {
	if _, err := net.Interfaces(); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer listener.Close()
	go func() {
		if connection, err := listener.Accept(); err == nil {
			connection.Write([]byte("hello"))
			connection.Close()
		}
	}()
	connection, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		return err
	}
	_, err = io.ReadAll(connection)
	return err
}

func signals() error {
	got := make(chan os.Signal, 1)
	signal.Notify(got, syscall.SIGUSR1)
	if err := syscall.Kill(os.Getpid(), syscall.SIGUSR1); err != nil {
		return err
	}
	select {
	case <-got:
		return nil
	case <-time.After(5 * time.Second):
		return fmt.Errorf("no signal")
	}
}

func memory() error {
	held := make([][]byte, 0, 32)
	for i := 0; i < 32; i++ {
		held = append(held, make([]byte, 1<<20))
	}
	if len(held) != 32 {
		return fmt.Errorf("lost")
	}
	return nil
}

func namespace() error {
	command := exec.Command("/program", "child")
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER}
	err := command.Run()
	if path, ok := err.(*os.PathError); ok {
		return path.Err
	}
	return err
}

func main() {
	if len(os.Args) > 1 {
		fmt.Println("child")
		return
	}
	http.HandleFunc("/", func(response http.ResponseWriter, _ *http.Request) {
		answer := map[string]string{}
		for name, does := range map[string]func() error{
			"goroutines": goroutines, "timers": timers, "files": files, "pipes": pipes, "child": child,
			"network": network, "signals": signals, "memory": memory, "namespace": namespace,
		} {
			answer[name] = told(does())
		}
		json.NewEncoder(response).Encode(answer)
	})
	panic(http.ListenAndServe(":8080", nil))
}
