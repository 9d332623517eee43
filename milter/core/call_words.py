"""How somebody asks for a call, by language: a lead and what it leads to in one breath, or a phrase that says it all.

Precise rather than many: a mail that only speaks of calls ("call to action", "te llamé ayer") asks for none. Everything is lower
case; "a la API" behind a call, or a negation before it, is no wish for one.
"""

VIA = (
    r"(?:t[eé]l[eéè](?:f|ph)ono?n?e?|telefon|telefonoz|vid[eéè]o[- ]?(?:ll?amada|chamada|trucada|call|deia"
    r"|konferenz)|zoom|teams|google meet|meet|skype)"
)
"""Stands for `<via>` below, as CALL does for `<call>`."""
CALL = r"llamada|v[íi]deo[- ]?llamada|videoconferencia|call"

LEADS: dict[str, str] = {
    "es": (
        r"podemos|podr[íi]amos|puedo|podr[íi]a|puedes|podr[íi]as|puede|pod[ée]is|quiero|quisiera|querr[íi]a"
        r"|quer[íi]a|queremos|me gustar[íi]a|nos gustar[íi]a|necesito|necesitamos|necesitar[íi]a"
        r"|(?:te|le|os) (?:va|viene|ir[íi]a|vendr[íi]a|parece) bien|(?:te|le|os) importa(?:r[íi]a)?|cu[áa]ndo"
        r"|a qu[ée] hora|ser[íi]a posible|es posible|prefiero|preferir[íi]a|tienes|tiene"
    ),
    "en": (
        r"can|could|may|shall|would it be possible|would you|will you|is it possible|i'd like|i would like"
        r"|we'd like|we would like|i'd love|we'd love|i need|we need|let's|let us|when|what time"
        r"|are you (?:free|available)|do you have time|please|happy to|would you mind"
    ),
    "ca": (
        r"podem|podr[íi]em|puc|podria|pots|podries|pot|podeu|vull|voldria|volia|volem|voldr[íi]em|m'agradaria"
        r"|ens agradaria|necessito|necessitem|(?:et|li|us) (?:va|aniria|sembla) b[ée]|quan|a quina hora"
        r"|seria possible|[ée]s possible|prefereixo"
    ),
    "gl": (
        r"podemos|poder[íi]amos|podo|poder[íi]a|podes|poder[íi]as|pode|quero|quixera|querr[íi]a|quer[íi]a"
        r"|queremos|gustar[íi]ame|gustar[íi]anos|necesito|necesitamos"
        r"|(?:vaiche|vaille|parececho|vi[ñn]ache) ben|cando|a que hora|ser[íi]a posible|[ée] posible|prefiro"
    ),
    "pt": (
        r"podemos|poder[íi]amos|posso|poderia|podes|podia|pode|quero|queria|gostava de|gostaria de"
        r"|gost[áa]vamos de|queremos|preciso|precisamos|quando|a que horas|seria poss[íi]vel|[ée] poss[íi]vel"
        r"|prefiro|(?:d[áa]|dava)-?(?:te|lhe) jeito"
    ),
    "fr": (
        r"peut-on|pouvons-nous|pourrions-nous|pourrait-on|on peut|on pourrait|je peux|puis-je|pourrais-je"
        r"|peux-tu|tu peux|pourrais-tu|pouvez-vous|vous pouvez|pourriez-vous|je voudrais|j'aimerais"
        r"|je souhaite(?:rais)?|nous souhait(?:ons|erions)|nous aimerions|j'ai besoin|quand|[àa] quelle heure"
        r"|serait-il possible|est-il possible|est-ce possible|est-ce qu'on peut|je pr[ée]f[èe]re"
    ),
    "de": (
        r"k[öo]nnen wir|k[öo]nnten wir|kann ich|k[öo]nnte ich|darf ich|kannst du|k[öo]nntest du|k[öo]nnen sie"
        r"|k[öo]nnten sie|ich w[üu]rde gerne?|wir w[üu]rden gerne?|ich m[öo]chte|wir m[öo]chten|wollen wir|wann"
        r"|um wie viel uhr|w[äa]re es m[öo]glich|ist es m[öo]glich|lass uns|lassen sie uns|passt es"
        r"|h[äa]tten sie|h[äa]ttest du|hast du|haben sie|bitte"
    ),
    "eu": (r"ahal|noiz|nahi|gustatuko|zer ordutan|mesedez"),
}

WISHES: dict[str, str] = {
    "es": (
        r"(?:hablar(?:lo)?|habl[ae]mos|comentar(?:lo)?|ver(?:lo)?|charlar|contar(?:te|le|lo)?) .{0,30}?por <via>"
        r"|(?:hablar|charlar) (?:un momento|un rato|cinco minutos|hoy|ma[ñn]ana|esta (?:ma[ñn]ana|tarde))"
        r"|llamar(?:te|le|me|nos|os)|(?:hacer|tener|montar) una? <via>"
        r"|(?:una|otra|la|de) (?:breve |peque[ñn]a |r[áa]pida )?(?:<call>)"
    ),
    "en": (
        r"(?:have|schedule|book|arrange|set up|do|hop on|jump on|get on|plan|fit in|organi[sz]e) (?:a"
        r"|another|the) (?:\S+ ){0,2}call"
        r"|(?:talk|speak|chat|discuss .{0,20}?|go over .{0,20}?) (?:\S+ ){0,3}?(?:on|over|by"
        r"|via) (?:the )?(?:<via>|phone|a call)|(?:call|ring|phone) (?:me|us|you)\b"
        r"|give (?:me|us|you) a (?:\S+ )?(?:call|ring|buzz)|for a (?:\S+ )?call"
        r"|(?:a|another) (?:quick|short|brief|video|phone) call"
        r"|(?:do|have|hop on|jump on|get on) (?:a )?(?:zoom|skype|google meet)\b"
    ),
    "ca": (
        r"(?:parlar(?:-ne)?|comentar(?:-ho)?|xerrar) .{0,30}?per <via>"
        r"|parlar (?:un moment|una estona|avui|dem[àa])|trucar(?:-te|-li|-me|-nos|-vos|'t|'m|'ns)"
        r"|(?:una|altra|la) (?:breu |petita )?(?:v[íi]deo[- ]?trucada|trucada|videoconfer[èe]ncia)"
    ),
    "gl": (
        r"(?:falar|falalo|comentar|comentalo|velo) .{0,30}?por <via>"
        r"|falar (?:un momento|un intre|hoxe|ma[ñn][áa])|chamar(?:te|che|lle|me|nos|vos)"
        r"|(?:unha|outra|a) (?:breve )?(?:v[íi]deo[- ]?chamada|chamada|videoconferencia)"
    ),
    "pt": (
        r"(?:falar|conversar|ver isto|ver isso) .{0,30}?por <via>|falar (?:um momento|um pouco|hoje|amanh[ãa]) "
        r"|(?:ligar|telefonar)(?:-te|-lhe|-me|-nos|-vos)"
        r"|(?:uma|outra|a) (?:breve )?(?:v[íi]deo[- ]?chamada|chamada|videoconfer[êe]ncia)"
    ),
    "fr": (
        r"(?:parler|discuter|[ée]changer|s'appeler|en parler) .{0,30}?(?:par|en|au|sur) <via>"
        r"|(?:m'|me |nous |t'|vous |te )(?:appeler|rappeler|t[ée]l[ée]phoner)|s'appeler"
        r"|(?:un|d'un) (?:petit |bref |rapide )?(?:appel|coup de fil|point t[ée]l[ée]phonique)"
        r"|(?:une|d'une) (?:visio(?:conf[ée]rence)?|vid[ée]oconf[ée]rence)"
    ),
    "de": (
        r"telefonieren|(?:mich|uns|dich|sie) .{0,20}?(?:an|zur[üu]ck)rufen"
        r"|(?:einen?|kurzen?) (?:\S+ )?(?:anruf|telefonat|telefontermin|videoanruf|(?:video)?call)"
        r"|am telefon (?:sprechen|reden)|(?:eine|per) (?:video)?(?:telefon)?konferenz"
        r"|zeit f(?:ü|u)r (?:einen|ein) (?:\S+ )?(?:anruf|telefonat|call)"
        r"|rufen sie (?:mich|uns) .{0,20}?(?:an|zur[üu]ck)"
    ),
    "eu": (r"telefonoz hitz egin|hitz egin telefonoz|(?:bideo)?dei(?:a|tu|tzea)"),
}
"""Within the same sentence and shortly behind a lead of the same language."""

PHRASES: dict[str, str] = {
    "es": (
        r"ll[áa]m(?:a|e|ad)(?:me|nos)\b|¿[^?¿]*\b(?:me|nos) (?:llamas?|llam[áa]is)\b[^?¿]*\?"
        r"|\b(?:me|nos) llamas\b[^?¿]{0,40}\?|\b(?:me|nos) llamas (?:cuando|luego|hoy|ma[ñn]ana|esta|al)\b"
        r"|\b(?:me|nos) (?:puedes|podr[íi]as|puede|podr[íi]a) llamar\b"
        r"|\b(?:te|le|os) (?:puedo|podemos|podr[íi]a|podr[íi]amos) llamar\b"
        r"|\b(?:te|le|os) (?:llamo|llamamos)\b[^?¿.]{0,40}\?"
        r"|¿\s*(?:hablamos|lo hablamos|lo vemos) (?:\S+ ){0,3}por tel[ée]fono"
        r"|¿\s*(?:hacemos|tenemos|agendamos|concertamos|organizamos|programamos) una (?:<call>)\b"
        r"|¿\s*nos llamamos\b|\bque (?:me|nos) llam(?:es|e|[ée]is)\b|¿\s*podemos hablar\s*\?"
    ),
    "en": (
        r"\b(?:please |pls )(?:call|ring|phone) (?:me|us)\b"
        r"|(?:^|[.!?,]\s)(?:call|ring|phone) (?:me|us) (?:when|back|on|at|today|tomorrow|asap|please)\b"
        r"|\bgive (?:me|us) a (?:call|ring|buzz)\b|\b(?:up|available|free|time) for a (?:\S+ ){0,2}call\b"
        r"|\b(?:quick|short) call\?|\b(?:request|asking for) a call\b|\bcall me back\b"
    ),
    "ca": (
        r"\btruca(?:'m|'ns)\b|\btruqui(?:'m|'ns|m)\b"
        r"|\b(?:em|ens) (?:truques|trucaries|trucaries|pots trucar|podries trucar|pot trucar|podria trucar)\b"
        r"|\b(?:et|li|us) (?:puc|podem|podria) trucar\b"
        r"|\bfem una (?:v[íi]deo[- ]?trucada|trucada)\b[^?.]{0,40}\?"
        r"|\b(?:ho )?parlem (?:\S+ ){0,3}per tel[èe]fon\b"
    ),
    "gl": (
        r"\bch[áa]m[ae](?:me|nos)\b|\b(?:me|nos) (?:podes|poder[íi]as|pode|poder[íi]a) chamar\b"
        r"|\bp[óo]d(?:o|emos)(?:te|che|lle|vos) chamar\b"
        r"|\b(?:c?h[áa]masme|ch[áa]masnos)\b|\bfacemos unha (?:v[íi]deo[- ]?chamada|chamada)\b[^?.]{0,40}\?"
        r"|\bfalamos (?:\S+ ){0,3}por tel[ée]fono\b[^?.]{0,40}\?"
    ),
    "pt": (
        r"\b(?:liga|ligue|telefona|telefone)-(?:me|nos)\b|\bme (?:liga|ligue)\b"
        r"|\b(?:podes|pode|podia|poderia)(?:[ -]me)? ligar\b|\bfalamos (?:\S+ ){0,3}por telefone\b[^?.]{0,40}\?"
        r"|\bfazemos uma (?:v[íi]deo[- ]?chamada|chamada)\b[^?.]{0,40}\?"
    ),
    "fr": (
        r"\b(?:appelle|appelez|rappelle|rappelez)-(?:moi|nous)\b"
        r"|\b(?:tu|vous) (?:m'|nous )(?:appelles?|appelez|rappelles?|rappelez)\b[^?.]{0,40}\?"
        r"|\bon (?:s'appelle|se t[ée]l[ée]phone)\b[^?.]{0,40}\?"
        r"|\bon (?:fait|organise|planifie) (?:un (?:appel|call)|une visio)\b"
    ),
    "de": (
        r"\bruf(?:e|en sie|t)? (?:mich|uns) (?:\S+ ){0,4}?(?:an|zur[üu]ck)\b"
        r"|\b(?:bitte|erbitte|um) (?:um )?(?:einen )?r[üu]ckruf\b|\btelefonieren wir\b[^?.]{0,40}\?"
        r"|\brufst du (?:mich|uns) (?:\S+ ){0,4}?an\b"
    ),
    "eu": (
        r"\bdei(?:tu|tuko|tzen)\s+(?:didazu|diguzu|didazue|al didazu|ahal didazu|zenidake)\b"
        r"|\btelefonoz hitz egin(?:go)? (?:dezakegu|al dezakegu|dugu|nahi|genezake)\b"
        r"|\b(?:bideo)?dei bat egin(?:go)? (?:dezakegu|al dezakegu|dugu|nahi|genezake)\b"
    ),
}

DECOYS = (
    r"calls?[- ]to[- ]actions?|llamadas? a la acci[óo]n|chamadas? [áàa] ac(?:ci[óo]n|[çc][ãa]o)"
    r"|crid(?:a|es) a l'acci[óo]|appels? [àa] l'action|ekintzarako dei\w*|handlungsaufforderung\w*|\bcta\b"
    r"|callbacks?|api calls?|function calls?"
    r"|calls? (?:the|to) (?:the )?(?:api|function|server|service|endpoint)"
    r"|(?:me|nos|te|le) llam[aóeé]\w* (?:mucho |bastante )?la atenci[óo]n"
    r"|llamar(?:me|te|le|nos)? la atenci[óo]n|chamar a aten\w+|cridar l'atenci[óo]"
    r"|(?:llamadas?|chamadas?|trucad(?:a|es)) (?:a|al|de|del|http|rest|ajax|que|por) ?(?:la |el |las |los "
    r"|l'|à |á |ás )?(?:apis?|servidor|endpoint|funci\w+|sistema|rest|ajax|http|base de datos|webhooks?)"
    r"|appels? (?:api|d'offres?|d'api|[àa] l'api|[àa] projets?)|llamamiento"
    r"|call(?:ed| it| them| (?:this|that)(?! (?:week|month|morning|afternoon|evening)))\b"
    r"|so[- ]called|conference calls? page|call cent(?:er|re)s?|llamarse|ll[áa]malo"
)
"""Taken out before anything is looked for."""

NEGATIONS = (
    r"\b(?:no (?:hace falta|es necesario|need|cal|fai falta|hay que)|sin necesidad|sen necesidade"
    r"|sem necessidade|without|instead of|en vez de|en lugar de|rather than|don't|do not|can't|cannot"
    r"|couldn't|won't|not|no|non|n[ãa]o|nunca|never|jamais|inutile de|pas besoin|nicht|kein\w*|sense"
    r"|ez)\b[^.,;]{0,25}$"
)
"""Right before a wish they make it none."""
