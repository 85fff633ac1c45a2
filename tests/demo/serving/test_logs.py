import json
import subprocess
import sys


def test_a_thread_that_fails_and_a_warning_of_gradio_leave_no_plain_text_and_no_words_of_a_visitor():
    program = """
import threading, warnings
from demo.serving import logs
logs.set_up()
thread = threading.Thread(target=int, args=("only for me",), name="queue of runs")
thread.start(); thread.join()
warnings.warn_explicit("only for me", UserWarning, "dropdown.py", 1, module="gradio.components.dropdown")
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    (line,) = ended.stderr.splitlines()
    assert json.loads(line)["message"] == "queue of runs ended with an error" and "only for me" not in ended.stderr
