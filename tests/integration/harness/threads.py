"""Doing one thing many times at once."""
import threading


def run_together(count, work):
    """Calls work(i) on `count` threads that start at one moment; their results in order."""
    gate = threading.Barrier(count)
    results = [None] * count

    def run(i):
        gate.wait()
        try:
            results[i] = work(i)
        except BaseException as error:  # pylint: disable=broad-except
            results[i] = error

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results
