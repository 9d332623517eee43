"""Domains where everybody gets an address: what one user does says nothing of the next."""

_LIST = """
126.com 163.com aol.com aol.de arcor.de bbox.fr bk.ru bluewin.ch btinternet.com caramail.com centrum.cz comcast.net
daum.net disroot.org duck.com email.cz email.de fastmail.com fastmail.fm free.fr freenet.de gmail.com gmx.at gmx.ch
gmx.com gmx.de gmx.es gmx.fr gmx.net googlemail.com hanmail.net hey.com hotmail.ch hotmail.co.uk hotmail.com hotmail.de
hotmail.es hotmail.fr hotmail.it hushmail.com icloud.com inbox.com inbox.lv inbox.ru interia.pl laposte.net libero.it
list.ru live.co.uk live.com live.de live.fr live.it live.nl mac.com mail.com mail.de mail.ee mail.ru mailbox.org
mailfence.com me.com movistar.es msn.com mundo-r.com naver.com neuf.fr o2.pl onet.pl ono.com online.de orange.es
orange.fr outlook.at outlook.be outlook.com outlook.de outlook.es outlook.fr outlook.it outlook.pt pm.me posteo.de
posteo.net proton.me protonmail.ch protonmail.com qq.com rambler.ru rediffmail.com riseup.net rocketmail.com sapo.pt
sbcglobal.net seznam.cz sfr.fr sina.com sky.com swissmail.org t-online.de telefonica.net telenet.be terra.com
terra.com.br terra.es tiscali.it tuta.com tuta.io tutanota.com tutanota.de ukr.net uol.com.br verizon.net virgilio.it
virginmedia.com vodafone.it wanadoo.es wanadoo.fr web.de wp.pl ya.ru yahoo.ca yahoo.co.in yahoo.co.jp yahoo.co.uk
yahoo.com yahoo.com.ar yahoo.com.br yahoo.com.mx yahoo.de yahoo.es yahoo.fr yahoo.it yandex.com yandex.ru yeah.net
ymail.com zoho.com
"""
DOMAINS = frozenset(_LIST.split())
