"""What a text may not say, one row a language (the rules of the voice, as words). Regular expressions, whole words, any case.

Only texts of a language are held against its row: "hier" is yesterday in French and here in German.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from babel.dates import get_day_names


@dataclass(frozen=True, slots=True)
class Words:
    """`days` that are another day when the text is read; `reading` claims of having read or not; `stiff` what nobody says to a
    client, and what agrees with somebody's gender; `excuses`; `away` a vacation, true in that text alone; `answers` an answer
    announced; `since` makes it no promise ("from then on"); `soon` makes it one, as a date does; `informal`, `formal` how the
    reader is addressed. "" never occurs."""

    days: str
    reading: str
    stiff: str
    excuses: str
    away: str
    answers: str
    since: str
    soon: str
    informal: str = ""
    formal: str = ""


WORDS = {
    "es": Words(
        days=r"hoy|ayer|anteayer|(?<!\bla )mañana|est[ae] (?:mañana|tarde|noche|semana|mes|fin de semana)"
        r"|(?:la|el) (?:\w+ )?que viene|(?:la|el) próxim[ao] (?!vez)\w+",
        reading=r"leíd[oa]s?|(?:lo|la|los|las|te|le|no|ya) (?:leo|leeré|leemos|leeremos)|sin (?:leer|abrir)"
        r"|(?:puedo|podré|voy a) leer\w*|no (?:lo |la |los |las )?(?:he visto|veré|he abierto)",
        stiff=r"fuera de la oficina|tickets?|tiques?|incidencias?|a la mayor brevedad(?: posible)?"
        r"|(?:lo antes|cuanto antes) posible|lo antes posible|estimad[oa]s?(?:/[oa]s?)?|distinguid[oa]s?"
        r"|querid[oa]s?|encantad[oa]|bienvenid[oa]s?|agradecid[oa]",
        excuses=r"(?:en|de) (?:una )?reuni(?:ón|ones)|de viaje|enferm[oa]|enfermedad|de baja"
        r"|sin (?:conexión|cobertura|acceso)|acceso limitado|ocupad[oa]|much[oa] (?:trabajo|carga)"
        r"|volumen de \w+|motivos personales|imprevistos?|en un evento",
        away=r"vacaciones",
        answers=r"(?:contest|respond)(?:o|eré|aré|emos|amos|eremos|aremos)"
        r"|(?:contestar|responder)(?:te|le|os|les)?"
        r"|(?:tendrá|recibirá)s? (?:mi |una )?(?:respuesta|contestación)|noticias (?:mías|nuestras)"
        r"|te (?:llamo|llamaré)|le (?:llamo|llamaré)",
        since=r"a partir del?|desde",
        soon=r"antes|enseguida|en seguida|inmediatamente|en breve|pronto|mismo día"
        r"|(?:en|dentro de) \w+ (?:horas?|días?)|máximo",
        informal=r"tú|tus?|te|ti|contigo",
        formal=r"ustedes|usted|su mensaje|sus \w+ mensajes",
    ),
    "en": Words(
        days=r"today|tonight|tomorrow|yesterday|this (?:morning|afternoon|evening|week|weekend|month)"
        r"|(?:next|last) (?:week|weekend|month|(?:mon|tues|wednes|thurs|fri|satur|sun)day)",
        reading=r"(?:haven't|have not|hasn't been|has not been|has been|i've|i have|not yet|won't|will not"
        r"|cannot|can't|i'll|i will|not)(?: \w+)?(?: been)? read"
        r"|unread|(?:haven't|have not|not yet) (?:\w+ )?(?:seen|opened)"
        r"|(?:won't|will not) (?:see|open)",
        stiff=r"out[ -]of[ -](?:the[ -])?office|tickets?|incidents?|at (?:my|our|the|your) earliest \w+"
        r"|as soon as possible|dear|kindly|to whom it may concern|do not hesitate",
        excuses=r"in (?:a |back-to-back )?meetings?|travell?ing|on the road|sick|ill|unwell"
        r"|(?:limited|no) (?:access|connection|internet)|busy|high volume|personal (?:reasons|matters)"
        r"|at a conference|unforeseen",
        away=r"on (?:holiday|holidays|vacation|leave)|annual leave",
        answers=r"(?:i|we)(?:'ll| will| shall|'m going to| am going to)?(?: \w+)?"
        r" (?:reply|answer|respond|call you|write back|get back)"
        r"|and(?: will)?(?: \w+)? (?:reply|answer|respond|get back)|hear from (?:me|us)"
        r"|(?:my|our|an) (?:answer|reply|response)",
        since=r"from",
        soon=r"by|before|within|shortly|soon|immediately|straight away|right away|same day|promptly"
        r"|in \w+ (?:hours?|days?)",
    ),
    "ca": Words(
        days=r"avui|ahir|abans-d'ahir|demà|anit"
        r"|aquest(?:a)? (?:nit|matí|tarda|vespre|setmana|mes|cap de setmana)"
        r"|(?:la|el) (?:\w+ )?(?:que ve|vinent)|(?:la|el) propera? (?!cop|vegada)\w+",
        reading=r"llegi(?:t|da|ts|des|ré|rem)|llegeixo|sense (?:llegir|obrir)|(?:puc|podré|vaig a) llegir\S*"
        r"|no (?:ho |l'|els )?(?:he vist|veuré)",
        stiff=r"fora de l'oficina|tickets?|tiquets?|incidènci(?:a|es)|amb la (?:màxima|major) brevetat"
        r"|(?:el més aviat|tan aviat com sigui) possible|benvol(?:gut|guda|guts|gudes)|estimats?"
        r"|estimad(?:a|es)|distingi(?:t|da|ts|des)|encanta(?:t|da)|benvingu(?:t|da|ts|des)"
        r"|agra[ïi](?:t|da)",
        excuses=r"en (?:una )?reuni(?:ó|ons)|de viatge|malalta?|de baixa|sense (?:connexió|cobertura|accés)"
        r"|accés limitat|ocupa(?:t|da)|molta feina|volum de \w+|motius personals|imprevistos?",
        away=r"vacances",
        answers=r"respon(?:c|dré|drem|em)|contest(?:o|aré|arem|em)|(?:respondre|contestar)\S*|resposta"
        r"|notícies (?:meves|nostres)|sabràs de mi|(?:et|li|us) truc(?:o|aré)",
        since=r"a partir|des de|des del",
        soon=r"abans|de seguida|immediatament|aviat|mateix dia|(?:en|d'aquí a|dins de) \w+ (?:hores|dies)"
        r"|màxim",
        informal=r"tu|et|amb tu|teus?|teva|teves|t'\w+",
        formal=r"vostès?|vós",
    ),
    "gl": Words(
        days=r"hoxe|onte|antonte|(?<!\bpola )(?<!\bda )(?<!\ba )(?<!\bá )mañá|pasadomañá"
        r"|est[ae] (?:mañá|tarde|noite|semana|mes|fin de semana)|(?:a|o) (?:\w+ )?que vén"
        r"|(?:a|o) (?:próxim|vindeir)[ao] (?!vez)\w+",
        reading=r"lid[oa]s?|lin|(?:o|a|os|as|non|xa) (?:lin|leo|lerei|leremos)|sen (?:ler|abrir)"
        r"|(?:podo|poderei|vou) lel?[ro]\w*|non (?:o |a )?(?:vin|verei)",
        stiff=r"fóra da oficina|tickets?|tíckets?|incidencias?|(?:coa|á) maior brevidade|canto antes posible"
        r"|o antes posible|estimad[oa]s?(?:/[oa]s?)?|prezad[oa]s?|querid[oa]s?|encantad[oa]|benvid[oa]s?"
        r"|agradecid[oa]",
        excuses=r"(?:en|nunha) reuni(?:ón|óns)|de viaxe|enferm[oa]|de baixa|sen (?:conexión|cobertura|acceso)"
        r"|acceso limitado|ocupad[oa]|moito traballo|volume de \w+|motivos persoais|imprevistos?",
        away=r"vacacións|vacacions|ferias",
        answers=r"resp[oó]nd(?:o|erei|emos|eremos)\w*|cont[eé]st(?:o|arei|amos|aremos)\w*"
        r"|(?:responder|contestar)\w*|resposta|(?:novas|noticias) miñas|chámo\w*|chamarei\w*",
        since=r"a partir|desde|dende",
        soon=r"antes|axiña|decontado|de seguida|inmediatamente|pronto|mesmo día"
        r"|(?:en|dentro de) \w+ (?:horas?|días?)|máximo",
        informal=r"ti|te|che|contigo|teus?|túas?",
        formal=r"vostedes?",
    ),
    "eu": Words(
        days=r"gaur(?:ko|tik|koa)?|bihar(?:ko|tik|ra)?|atzo(?:ko)?|etzi(?:ko)?"
        r"|(?:goiz|arratsalde|gau|aste|asteburu|hilabete) honetan|datorren \w+"
        r"|hurrengo (?:aste|hilabete)\w*",
        reading=r"(?<!\w)irakur(?:ri|riko|tzeko|tzen|rita)(?!\w)|(?:ez dut|ez ditut) (?:\w+ )?ikusi\w*",
        stiff=r"bulegotik kanpo|ticket\w*|intzidentzia\w*|gorabehera\w*|lehenbailehen"
        r"|ahalik eta (?:lasterren|azkarren|lehenen)|agurgarri\w*|estimatu\w*",
        excuses=r"bilera batean|bileretan|bidaian|gaixo\w*|lanpetuta"
        r"|(?:konexiorik|sarbiderik|estaldurarik) gabe|sarbide mugatu\w*|lan handi\w*",
        away=r"opor(?:rak|retan|retara|raldi\w*)",
        answers=r"erantzungo|erantzuten|erantzuna|(?:nire|gure) berri\w*|deituko (?:dizut|zaitut)",
        since=r"\w*tik aurrera|aurrera|geroztik",
        soon=r"baino lehen|laster|berehala|egun berean|\w+ (?:ordutan|ordu|egunetan) (?:barru|gutxiagoan)",
    ),
    "pt": Words(
        days=r"hoje|ontem|anteontem|amanhã|est[ae] (?:manhã|tarde|noite|semana|mês|fim de semana)"
        r"|(?:na|a|no|o) próxim[ao] (?!vez)\w+|que vem",
        reading=r"lid[oa]s?|li|(?:o|a|os|as|não|já) (?:li|leio|lerei|leremos)|sem (?:ler|abrir)"
        r"|(?:posso|poderei|vou) l(?:er|ê-l[oa])|não (?:o |a )?(?:vi|verei)",
        stiff=r"fora do escritório|tickets?|incidentes?|incidências?|com a maior brevidade(?: possível)?"
        r"|o mais (?:breve|rápido|rapidamente|cedo) possível|(?:logo que|assim que) possível"
        r"|(?m:^)car[oa]s?|prezad[oa]s?|estimad[oa]s?(?:/[oa]s?)?|encantad[oa]|bem-vind[oa]s?"
        r"|obrigad[oa]|agradecid[oa]",
        excuses=r"em reuni(?:ão|ões)|em viagem|doente|de baixa|sem (?:acesso|ligação|cobertura|rede)"
        r"|acesso limitado|ocupad[oa]|muito trabalho|volume de \S+|motivos pessoais|imprevistos?",
        away=r"férias",
        answers=r"respond(?:o|erei|emos|eremos)|(?:responder|responder-lhe|responder-te)\S*|resposta minha"
        r"|(?:a minha|uma) resposta|notícias minhas|lig(?:o|arei)(?:-lhe|-te)?",
        since=r"a partir|desde",
        soon=r"antes|até|em breve|imediatamente|mesmo dia|(?:em|dentro de|no prazo de) \w+ (?:horas?|dias?)"
        r"|máximo",
        informal=r"tu|te|ti|contigo|teus?|tuas?",
        formal=r"vocês?|o senhor|a senhora",
    ),
    "fr": Words(
        days=r"aujourd'hui|hier|avant-hier|(?:après-)?demain|ce (?:matin|midi|soir|mois|week-end)"
        r"|cet après-midi|cette (?:nuit|semaine|après-midi)"
        r"|(?:semaine|mois|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche) prochaine?|prochain jour",
        reading=r"(?:ai|avons|été|est|pas|encore|non|déjà) lue?s?|lirai|lirons"
        r"|sans (?:le |l'|les )?(?:lire|ouvrir)|(?:pas|encore) (?:vu|ouvert)",
        stiff=r"(?:absente?|hors) (?:du|de mon) bureau|absente?|tickets?|incidents?"
        r"|dans les (?:meilleurs|plus brefs) délais|dès que possible|au plus vite|(?m:^)ch(?:er|ère)s?"
        r"|enchantée?|ravie?|(?:le|la) bienvenue?",
        excuses=r"en (?:réunion|déplacement|voyage)|malade|souffrante?|accès (?:limité|restreint)"
        r"|sans (?:connexion|accès|réseau)|occupée?|débordée?|(?:grand nombre|volume) de \w+"
        r"|raisons personnelles|imprévus?",
        away=r"(?:en )?vacances|en congés?",
        answers=r"je (?:\w+ )?répond\w+|nous (?:\w+ )?répond\w+|répondr(?:ai|ons|e)|(?:ma|une|notre) réponse"
        r"|nouvelles de ma part|(?:reviens|reviendrai|revenir) vers (?:toi|vous)|et \w+ répond\w*",
        since=r"à partir|dès|ensuite",
        soon=r"avant|sous|bientôt|rapidement|immédiatement|jour même|d'ici|dans (?:la journée|l'heure|les \w+)"
        r"|au plus tard",
        informal=r"tu|te|toi|ton|ta|tes|t'\w+",
        formal=r"(?<!rendez-)vous|votre|vos",
    ),
    "de": Words(
        days=r"heute|gestern|vorgestern|übermorgen|(?<!\bguten )(?<!\bam )(?<!\bjeden )morgen"
        r"|diese (?:nacht|woche)|dies(?:en|es) (?:morgen|abend|nachmittag|monat|wochenende)"
        r"|(?:nächste|kommende)[nrs]? (?!mal)\w+",
        reading=r"gelesen\w*|ungelesen\w*|nicht lesen|werde (?:\w+ ){0,4}lesen|lese (?:ich|sie|es|ihn)"
        r"|(?:nicht|noch nicht) (?:gesehen|geöffnet)",
        stiff=r"(?:nicht im|außer) (?:büro|haus)|abwesend|abwesenheit\w*|tickets?|vorfall|störungsmeldung\w*"
        r"|so (?:bald|schnell) wie möglich|(?:schnellst|baldmöglichst|frühest)\w*möglich\w*"
        r"|baldmöglichst|schnellstmöglich|umgehend|sehr geehrte\w*|(?m:^)liebe[rs]? (?!grüße)\w+|geschätzte\w*",
        excuses=r"in (?:einer )?(?:besprechung|sitzung|meetings?)|auf (?:\w*reise|reisen)|verreist|krank"
        r"|(?:eingeschränkten?|keinen|ohne) (?:zugriff|zugang)|beschäftigt|viel (?:arbeit|zu tun)"
        r"|hohe[sn]? \w*aufkommen|persönlichen gründen",
        away=r"urlaub\w*|ferien",
        answers=r"antworte|(?:werde|kann) (?:\S+ ){0,8}antworten|beantworte|melde ich mich|(?:ich )?melde mich"
        r"|(?:meine|eine) antwort|von mir hören|hör(?:e|en|t|st) (?:\w+ )?von mir",
        since=r"ab|von da an|danach|dann",
        soon=r"bis|vor|binnen|innerhalb|bald|sofort|noch am selben tag|spätestens",
        informal=r"du|dich|dir|dein\w*",
        formal=r"(?-i:(?<!^)(?<![.!?:] )Sie|Ihnen|Ihr(?:e[mnrs]?)?)",
    ),
}


@lru_cache(maxsize=256)
def whole_words(pattern: str) -> re.Pattern[str]:
    """The pattern between the ends of words; one that never matches for ""."""
    return re.compile(rf"(?<!\w)(?:{pattern})(?!\w)" if pattern else r"(?!)", re.IGNORECASE)


@lru_cache(maxsize=32)
def times(language: str) -> re.Pattern[str]:
    """What makes a promise of an announced answer: a date, a clock, a weekday, a "before"."""
    names = get_day_names("wide", locale=language).values()
    # Without their last letter and what follows a hyphen: declined, and "segunda" for "segunda-feira".
    stems = "|".join(rf"{re.escape(one.partition('-')[0][:-1])}\w*" for one in names)
    return whole_words(rf"\d\S*|{stems}|{WORDS[language].soon}")
