from http import HTTPStatus
from http.cookies import SimpleCookie
from email.message import EmailMessage
from email.utils import formatdate

cookie = SimpleCookie()
cookie["session"] = "abc"
cookie["session"]["path"] = "/"
message = EmailMessage()
message["Subject"] = "Hello"
message.set_content("text")
print(HTTPStatus.NOT_FOUND.phrase, cookie.output(), message.as_string().count("\n"), formatdate(0))
