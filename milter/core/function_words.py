"""Words and endings that tell languages apart: the small words of everyday sentences, and those of business mail.

A word stands in the line of every language it is ordinary in: what two languages share tells neither. Italian, Dutch,
Romanian, Asturian, Swedish and Danish (`sv`) are here only so that their mail is not taken for a language there are texts
for. Lower case, as they are spelled; apostrophes and hyphens part words ("l'horari" is l, horari).
"""

WORDS: dict[str, str] = {
    "es": """
        a abrazo acabo adelante adjunto al ante antes aparece aquí así aunque aviso avísame ayer ayuda aún beso bien
        botones botón buenas bueno buenos buscando cada cambiar cambio carga casa casi cita cliente clientes color
        comentas como con confirmas contra correo costaría cual cuando cuenta cuesta cuál cuándo cuánto cómo dan de
        decir del desde después dice dices digo dije dijo dime dirección domingo donde dos doy duda dudas durante día
        días dónde e el ella ellos empresa en encantada encantado entre enviado envías envío era eres error es esa
        escribo ese eso esperamos espero esta estaba estamos estar este esto estos estoy está están factura falta favor
        fecha fotos fue funciona gracias gustaría ha hablamos hablar había hace hacer haces hago hasta hay haya he hemos
        hizo hola horas hoy imprenta imágenes información intentado jefe jueves la las le les listo llamada llamar
        llamarme llega llegado llegó llámame lo los luego lunes mandado mando martes mas mañana me mejor menos mensaje
        mi mientras mirar mis mismo miércoles momento muchas mucho muchos muy más nada necesitamos necesito ni ninguna
        ninguno no noche nos nosotros nuestra nuestras nuestro nuestros nueva nuevo nunca o os otra otro otros pagado
        pagar pago para parece pasa paso pedido pedidos perdona perdón pero petición poco podemos poder podría podrías
        podéis ponga por porque posible precio pregunta presento presupuesto prisa probado problema pronto propuesta
        proyecto pudiera puedas puede puedes puedo pues puse página pásame que queda quedamos quedo queremos querría
        quería quien quiera quieras quiere quieres quiero quisiera quién qué recibido recibir reenvío reunión revisar
        saber sale salen saludo saludos se sea seguimos seguro según semana ser será si sido siempre siento sin sobre
        sois solo somos son soy su subir sus sábado sí sólo tal también tampoco tan tanto tarde te tendrás tendría
        tenemos tener tengo tenía ti tienda tiene tienen tienes toda todas todavía todo todos trabajo tu tus tú u un una
        uno unos urgente usar usted ustedes va vale vamos van varios veces vemos veo ver verano ves vez viene vienes
        viernes vimos volver vosotras vosotros voy vuelve vuestra vuestro web y ya yo última último
        """,
    "gl": """
        a acabo achego adxunto agardo ao aos aparece aperta aquí así ata aviso avísame axuda aínda ben bico bo boa boas
        bos botón botóns buscando cada caeu cal cales cambiar cambiariamos cambiedes cambio cando canto carga casa case
        chamada chamar chamarme chas che chegaron chegou cho chámame chámasme cita cliente clientes co coa coas como con
        conta contra cor correo cos cun cunha custa custaría da dareiche das data de del dela deles dende des desa
        desculpa dese deseño despois desta deste digo dime dimo disto dixo do domingo dos dous dun dunha durante dáme
        día días dígoche dúas dúbida dúbidas e ela eles empresa en encantada enderezo entre entón enviado enviei envías
        envío era eramos erro es esa escribo ese espero esta estaba estamos estar estas este estes estou está están eu
        facer factura fai faime falamos falar falta favor fixo foi fotos fun funciona fágame graciñas grazas gustaríame
        gústame gústanos hai haxa he horas hoxe imaxe imaxes imprenta información intentei iso isto lle lles logo
        logotipo luns mais mandei martes mañá me mellor menos mensaxe mentres mesmo meu meus mirar miña miñas moi moita
        moitas moito moitos momento máis mándoche mércores na nada nas necesitamos necesito nin ningunha ningún no noite
        non nos nosa nosas noso nosos nova novo nun nunca nunha nós o ola onte orzamento os ou outra outras outro outros
        pagamento pagar para parece pasa pedido pedidos perdoa pero pode podemos poden poder podería poderías podes podo
        poida poidas pois pola polas polo polos por porque posible pouco poña precisamos preciso pregunta presto prezo
        probei problema proposta proxecto présa pásoche páxina que queda quedamos quedo quedou quen quere querería
        queres quero quería recibir recibín reenvíoche reunión revisar sabedes saber sae saen saudiños saúdo saúdos se
        segundo semana sempre sen ser será seu seus sexa si sido sobre sodes somos son subir sábado só súa súas tal
        tampouco tamén tan tanto tarde te temos ten tenda ter tería tes teu teus teño ti tiña toda todas todo todos
        traballo túa túas un unha unhas uns urxente usar vai vale vamos van varios veces venres ver verán vexa vexo vez
        veña vimos vin volve volver vosa voso vostede vou vémonos vén web xa xefe xoves xunto á ás é ía última último
        """,
    "pt": """
        a abaixo abraço acabei achas acho afinal aguardo ainda ajuda alterar alteração amanhã anexo ao aos aparece aqui
        assim atenciosamente até avise bem boa boas bom bons botão botões cada carrega chamada chamar chegaram chegou
        cliente clientes com combinado como computador consegue consegues conta contra cor cordialmente correio
        cumprimentos da das data de dela dele deles depois desculpe desde dessa desse desta deste dia dias diga digo
        disse diz dizem do dois domingo dos duas durante dúvida dúvidas e ela ele eles em empresa encomenda encomendas
        endereço enquanto entre enviado enviei envio era erro escrevo espero essa esse esta estamos estar estas estava
        este estes estou está estão eu factura falamos falar falta fatura favor faz fazer feira fez fico ficou foi fotos
        fui funciona gostaria gostava haja hoje horas há imagem imagens informação isso isto jeito já lhe lhes ligar
        ligue logo loja mais marcação mas me melhor melhores menos mensagem mesmo meu meus minha minhas momento mudar
        muita muitas muito muitos na nada nas nem nenhum nenhuma no noite nos nossa nossas nosso nossos nova novo num
        numa nunca não nós o obg obrigada obrigado olhar olá ontem orçamento os ou outra outras outro outros pagamento
        pagar para parece pedido pela pelas pelo pelos pergunta pode podem podemos poder poderia podes pois por porque
        porquê posso possível pouco precisamos preciso pressa preço problema projecto projeto proposta página quais qual
        quando quanto quarta que quem quer queres queria quero quinta receber recebi reunião rever saber saudação se
        segunda segundo seja sem semana sempre senhor senhora ser será seu seus sexta sido sim site sobre somos sua suas
        sábado são só tal também tanto tarde te telemóvel tem temos tenho tens tentei ter teria terça teu ti tinha toda
        todas todo todos trabalho tua tuas tudo tão têm um uma umas uns urgente usar vai vamos ver vez vezes vimos vires
        você vocês volta voltar vou vários vão à às é és última último
        """,
    "ca": """
        a abans acabo adjunt adjunto adreça agradaria ahir així això ajuda al allò als altra altre altres amb any anys
        apareix aquell aquella aquest aquesta aquestes aquests aquí arriba arribat atentament avisa avui avís bon bona
        bondat bones botiga botons botó buscant bé cada cal canvi canviar cap carrega cita client clients color com
        comanda comandes contra cordialment correu cost costa d dalt data de del dels demà des després dia dic dies
        dijous dilluns dimarts dimecres dins disposició dissabte diumenge dius divendres doncs dos dubte dubtes dues
        durant e el ella ells els em empresa en encara ens entre enviament enviat envies era error escric esperem espero
        estan estar estava estem estic està et eta ets fa factura falta fan feina fem fer fet feu fins fotos funciona
        gairebé gràcies ha haver havia he hem hi ho hola hores i imatges informació intentat ja jo l la les li llavors
        lo m mai massa mateix mentre meu meus meva meves mica mirar missatge molt molta moltes molts moment més n
        necessitem necessito ni nit no només nosaltres nostra nostre nostres nou nova o on pagament pagar parlar parlem
        passa passem passo pel pels per perdona perquè però plau poc podem poder podria podries pot pots pregunta
        presento pressa pressupost preu problema projecte proposta puc pujar pàgina quan quant que queda quedem quedo
        qui quin quina què rebre rebut reunió revisar s saber salut salutacions sap saps se segons sempre sense ser
        seria serà setmana seu seus seva seves si sigui sisplau sobre soc som sota sou surt surten sé sí sóc són t també
        tampoc tan tant tarda te tenen tenia tenim tenir teniu tens teu teus teva teves tinc tinguis torna tornar tot
        tota totes tots truca truca'm trucada trucar té un una unes uns urgent us va vaig val vam van vas vegada vegades
        veure veus vist vol voldria volem vols vosaltres vostra vostre vostè vull web és últim última
        """,
    "eu": """
        ados agur agurra aldaketa aldatu arazo arazoa arratsalde arte asko aste astea asteartea asteazkena astelehena
        atzo aurkitu aurrekontua aurrera bada badago badira badu baduzu bai baina baino baita balitz balitzateke bat
        batek baten batzuk bera berri berria berriz besarkada beste bestela beti bezala bezero bezeroa bezeroak bezperan
        bidali bidaliko bidaltzen bihar biharko bilera da dabil dabiltza dago daude dauka daukagu daukat daukazu deiren
        deitu dela den dena denda dendan denok dezakegu dezakezu didazu digu digute diogu diot dira diren dit ditu
        ditugu ditut dituzu dizut du dudan duela duen dugu dugula dugun dut dute duten duzu duzue duzun edo egin egingo
        egiten egon eguerdion egun egunon eman erantzun ere esan eskaera eskaerak eskerrik eta euskaraz ez ezazu ezer
        ezin faktura gabe gabon galdera gara garen gatik gaur gauza gehiago genuke gero geroztik gu gure gurekin
        gustatuko gutxi haiek hala hara hari hasi hau hemen hitz hitzordua hizketan hobe hona honek honekin honetan hor
        hori horiek horregatik horrek horretan hurrengo ibiltzen ikusi ikusten irudi irudiak itzuli izan izango jakin
        jarri jaso joan kaixo kargatzen kontu kontua laguntza lan lanean larunbata laster lehen lortu mesedez mezu mezua
        mila milesker moduz nago nahi nahiko naiz naute nire nirekin noiz nola non nor noski oker ondo ondoren ongi
        orain oraindik ordaindu ordu orduan orria orrialdea oso osteguna ostirala posta premiazkoa prest prezioa
        proiektu proiektua proposamena saioa telefonoz webgune webgunea webguneak zaigu zaio zait zaitez zaizkit zaizu
        zara zaude zein zen zenbat zenuke zenuten zer zerbait zergatik zion ziren zoaz zu zuek zuen zure zurekin
        """,
    "fr": """
        accord adresse affiche afin ai aide aimerais ainsi alors appel appeler appelez après as attends attente au aucun
        aucune aussi autre autres aux avant avec avez avis avoir avons beaucoup besoin bien bientôt bon bonjour bonne
        bonsoir boutique c car ce cela celle celui certains ces cet cette changement changer chaque chez cliente clients
        commande commandes comme comment compte contre cordialement courriel côté d dans de demain demande depuis des
        deux devis dimanche dire dit dois donc dont du durant dès déjà elle elles en encore entre entreprise envoi
        envoie envoyer envoyé erreur es est et eu eux facture faire fait faites falloir faut fichier fois fonctionne
        font heure heures hier hui hésitez ici il ils image images impossible j jamais je jeudi joint jointe jour jours
        jusqu jusque l la le les leur leurs lors lui lundi là m ma mail mais mardi matin me merci mercredi mes message
        mieux modifier moi moins mois moment mon même n ne ni non nos notre nous nouveau nouvelle on ont ou où page
        paiement panier par parce pas pendant peu peut peux photos pièce plusieurs possible pour pourquoi pourrais
        pourrait pourriez pouvez pouvoir pouvons presque prix problème projet proposition près puis qu quand que quel
        quelle quelles quelqu quelque quelques question qui quoi rappeler rappelez rendez reçu réponse réunion s sa
        salut salutations samedi sans savoir se selon semaine sera serait ses seulement si sinon site soir sois soit
        sommes son sont souhaite souhaitons sous suis sur svp t ta tard te tes toi ton toujours tous tout toute
        toutefois toutes travail trop trouver très tu un une urgent va vais vendredi vers veuillez veut veux vite voici
        voilà voir vos votre voudrais voudrait voulais vous y à ça étaient était êtes être
        """,
    "de": """
        ab abend aber alle allem allen alles als also am an andere anderen anfrage angebot anhang anruf anrufen auch auf
        aus bald bei beim bereits bestellung bestellungen bilder bin bis bitte brauche brauchen bräuchte da dabei dafür
        damit danach dank danke dann daran darauf das dass dein deine deinen dem den denn der des deshalb dich die
        dienstag dies diese diesem diesen dieser dieses dir doch donnerstag dort dringend du durch ein eine einem einen
        einer eines einfach einige er erst es etwas euch euer eure fehler fehlt fertig frage fragen frau freitag
        freundlichen funktioniert für ganz gar geben gehen geht geld genau gerade gern gerne gestern gibt gleich gruß
        grüße gut guten habe haben hallo hat herr heute hier hilfe hin hätte hätten ich ihm ihn ihnen ihr ihre ihrem
        ihren ihrer im immer in ist ja jede jeden jedoch jetzt kann kannst kein keine keinen kommen kommt kosten kostet
        kunde kunden kurz können könnte könnten könntest laden lassen leider liebe lieber lädt mail mal man mehr mein
        meine meinem meinen meiner mich mir mit mittwoch monat montag morgen muss möchte möchten möglich müssen nach
        nachricht neue neuen nicht nichts noch nun nur ob oder ohne preis problem projekt rechnung rückmeldung samstag
        schicke schicken schnell schon sehr sein seine seit seite shop sich sie sind so sobald soll sollen sollte
        sollten sondern sonntag sowie tag tage termin uhr um und uns unser unsere unserem unseren unserer unter
        unternehmen viel viele vielen vielleicht vom von vor vorab wann war waren warum was webseite website weil weiter
        welche wenn wer werde werden wie wieder will wir wird wo woche wollen wollte worden während wäre würde würden
        zahlung zeigt zeit zu zum zur zwei zwischen über
        """,
    "en": """
        a able about after again all already also am an and another any anything appreciate are as asap ask at attached
        available away back be because been before being best better between both but by call can cannot check cheers
        could customer customers d day days dear did do does doesn doing don done down due each email error every
        everything few find fine first for friday from get getting give go going good got great had has have having he
        hear hello help her here hi him his hope how however i if image images in into invoice is isn issue it its just
        kind know last let like ll look looking looks m make many may maybe me meeting message might monday month more
        morning most much must my need needs never new next no not nothing now of off ok okay on once one only open or
        order orders other our out over page payment people pictures please possible price problem project question
        quote re ready regards reply right s same saturday say see seems send sent she shop should since sincerely site
        so some someone something soon sorry still such sunday sure t take team than thank thanks that the their them
        then there these they thing things think this those thought thursday time to together tomorrow tonight too try
        trying tuesday two under until up update us use used using ve very want wanted was wasn way we website wednesday
        week weeks well were what when where whether which while who why will wish with within without won work working
        works would yes yesterday yet you your yours
        """,
    "it": """
        abbiamo ad adesso al alla alle allegato altro anche ancora anni appena avere bene buona buonasera buone
        buongiorno cari caro che chi ci ciao come con cordiali cosa così cui da dal dalla degli dei del dell della delle
        di dire domani dopo dove due ecco ed entro era essere essi fa fare fatto fattura gentile giovedì già gli grazie
        ha hai hanno ho i il in invio io l la lavoro le lei lo loro lunedì ma mai martedì me meglio mercoledì mi mia mio
        molto negozio nei nel nella nessuno noi non nostra nostro numero nuovo o oggi ogni ordine pagina per perché più
        poi possiamo posso potete potrebbe preventivo prima problema progetto proprio puoi può qualche quale quando
        quanto quello questa questo qui ricevuto riunione saluti sarà scrivo se sei sempre senza settimana si sia siamo
        sito solo sono sta stato sua subito sul sulla suo te tra tu tutti tutto un una uno va venerdì vi voi volta
        vorrei vostra vostro è
        """,
    "nl": """
        aan al alle als alsjeblieft alvast andere bedankt ben bent beste bij binnen dag dan dank dat de deze dit doen
        door een en er factuur geen goed goede graag groet groeten haar had hallo heb hebben hebt heeft het hier hij hoe
        hun ik in is je jij jou jouw jullie kan kunnen kunt maar maken mee meer met mij mijn moet morgen na naar niet
        niets nieuwe nog nu of om onder ons onze ook op over sinds te tot u uit uw van vandaag veel via volgende voor
        vraag vriendelijke waar wanneer want waren was wat we webwinkel week weer wel werd werkt wij wil willen worden
        wordt zal ze zeer zei zelf zich zie zij zijn zo zodat zonder zou
        """,
    "ro": """
        aceasta această acest ai al ale am ar astăzi atunci au avea avem aveți aș bine bună ca care ce cel cu cum când
        că da dacă dar de despre din după ea el este eu face fi foarte fost la le lui mai mea meu mi mulțumesc mâine ne
        noi nostru nu o oră pagina pe pentru poate poți prea prin problemă putea sa salut se sunt să săptămână ta te
        toate tot trebuie un unde unei vreau vă în încă între și
        """,
    "sv": """
        af alla allt alt andre at att av bara bare blev blir blive dag dage de dem den denne deres det detta dette dig
        din du där då efter eller ellers en er et ett fakturan fra från få får för før god godt går gör gør hade han har
        hej her hilsen hon hos hur hvad hvis hvor hälsningar här i igen ikke imorgon ingen inte jag jeg kan kommer kunde
        kunne man med mellem mer mig min mit mycket må nogen nu ny när någon når och också og også om på sa ska skal
        skulle som så tack tak til till två under ut vad var vara ved venlig vi vil vill vår være är över
        """,
    "ast": """
        a agora al amás anque asina atopar ayeri bien bones bono bonos col cola como con cuando da de del dempués dende
        depués desque dexa dexar díes el ella ello en ensin ente entá entós equí era esta esti esto facer faer fai faigo
        feches gracies güei había hai hasta home la les llamar llingua llunes lo los mañana mensaxe meyor mio moi mui
        munches muncho munchu más na nel nes neses non nuesu nun o otra otru pa perdona pero pola pos pue puedes puedo
        puen páxina páxines que quiero qué saludu selmana ser si sábadu sí tamién tener tengo tien tienda tienes ties to
        toa toles tolos tou tovía trabayu un una unes unos vien vienres xente xera xueves xunta ya ye yera yo yá ñon
        """,
}

# How a line begins that says nothing of the language: whoever writes to Spain may greet in Spanish and go on in his own.
GREETINGS = frozenset({
    "hola", "buenos", "buenas", "estimada", "bon", "bona", "bones", "ola", "bos", "boas", "olá", "bom", "boa", "kaixo", "egun",
    "arratsalde", "bonjour", "bonsoir", "salut", "hallo", "guten", "hi", "hello", "hey", "dear", "good",
})  # fmt: skip

# Endings of words of six letters and more.
ENDINGS: dict[str, str] = {
    "es": "ción ciones dad dades illo illa ando iendo amos emos imos aron ieron abas aban mente uerza ido ado idos ados",
    "gl": "oche ción cións dade dades iño iña ando endo amos emos aron eron aban mente axe axes eiro eira eiros eiras ado ido",
    "pt": "ção ções dade dades inho inha ando endo amos emos aram eram avam mente agem agens eiro eira eiros eiras ado ido ês",
    "ca": "ció cions tat tats ament itza ària òria àcia ència adora ava aven eix eixen atge",
    "eu": "tzen tzeko tuko etan aren ekin iten itzen arako etako kizun tasun garri rentzat txo etara etatik etik goa zioa oak eak",
    "fr": "tion tions ment eux euse aux aient ons ez eau eaux ette ière ères ité ités oir ance ence",
    "de": "ung ungen keit heit lich liche lichen isch ische ischen schaft ieren iert ten tet chen zen lung",
    "en": "ing tion tions ness ment ments ly ght ould ious able ed",
    "it": "zione zioni tà ità ezza ato ati are ere ire iamo ando endo mente aggio eria",
    "nl": "lijk lijke ing ingen heid ijn aar eerd",
    "ro": "ție ții ului elor ește ează",
    "ast": "ción ciones dá dades iellu iella ando iendo mente",
    "sv": "ning ningen heten lig ligt ligen erade",
}

# Letters and marks that show the language even in a word nobody listed.
MARKS: dict[str, str] = {
    "es": "ñ ¿ ¡ ü",
    "gl": "ñ",
    "pt": "ã õ ç â ê ô à",
    "ca": "ç à è ò ï ü l·l ny",
    "eu": "tx tz k",
    "fr": "ç à è ù â ê î ô û ë ï œ",
    "de": "ä ö ü ß sch",
    "en": "th wh k",
    "it": "à è ì ò ù",
    "nl": "ij ee oo k",
    "ro": "ă ș ț î â ţ ş",
    "sv": "å ä ö æ ø",
}
