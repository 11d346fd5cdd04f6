import socket

from runtime.ports import free_port


def test_no_port_is_given_out_twice_before_somebody_could_listen_there() -> None:
    ports = [free_port() for _ in range(300)]

    assert len(set(ports)) == len(ports)
    with socket.create_server(("127.0.0.1", ports[0])):
        pass


def test_a_preferred_port_is_given_unless_somebody_listens_there() -> None:
    preferred = free_port()
    assert free_port(preferred) == preferred

    with socket.create_server(("127.0.0.1", preferred)):
        assert free_port(preferred) != preferred
