"""The language of short comments: words that only one language uses often, and the script of the letters.

Most comments are too short for statistics of letters, and slang is in no dictionary. So each comment is judged by the
words of two lists (Indonesian and English: function words, particles, slang, laughter, words of fans) and by its
script. Malay counts as Indonesian. Words of both languages stand in neither list. A comment of which nothing is known
is ``undecided``, and that is an answer: features must not lean on the language of a short comment.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from realreach.comment_text.normalise import Normalised
from realreach.comment_text.words import Words, characters, number_of, split_words

__all__ = ["LANGUAGES", "languages", "word_hits"]

LANGUAGES = ("undecided", "id", "en", "mixed", "other")
"""Names of the codes that :func:`languages` returns. ``other``: most letters are of a script other than Latin."""

_INDONESIAN = """
aamiin abang abis absen acara ada adalah adek adik agar aja ajaib akan akhirnya aku alhamdulillah allah amin ampun
anak anaknya anda aneh anjay anjing anjir antara apa apaan apakah apalagi artis asik asli assalamualaikum astaga
astagfirullah astaghfirullah asyik atas atau awas ayah ayo ayok bagaimana bagi bagus bahagia bahasa bahkan baik
balik bang banget bangga bangsa banyak bapak bapaknya barakallah baru bawa beda begini begitu beli belom belum benar
bener beneran berapa berarti berhasil berita berkah besar besok betul bg bgt bgtt biar biasa bikin bilang bilek bisa
bismillah biyar boleh bos bosque boss bro bu buat bukan bulan bunda bunga cakep cakeppp cantik cantikk cantiknya
capek cari cerita cewek cie ciee coba cocok cowok cuma cuman dah dalam dan dapat dapet dari datang dateng deh dengan
dengar depan dgn dgr di dia diam diatas dibawah dibeli dikasih dimana diri disana disini ditunggu dlm doa doang dong
donk dpt duit dulu duluan dunia emak emang emg emng enak engga enggak ga gaes gak gakk gan ganteng gantengnya gara
gas gass gassss gemes gemoy gera gercep gila gimana gini gitu gk gmn gmna gt gtu gua gue guys gw hadir haha hahaha
hahahaha hai hallo halo harga hari harus hati hebat hidup hingga hrs huhu ibu ibunya ih ikut indah indonesia ingat
inget ini innalillahi inshaallah insya insyaallah istri istrinya itu iya iyah jadi jaga jakarta jalan jaman jangan
jd jelek jg jgn juga kagak kaget kak kaka kakak kakaknya kakk kalau kali kalian kalo kamu kan kangen kapan karena
karna kasian kasih kasihan kaya kayak kayaknya ke kebanyakan kecil keluarga kemana kembali kenapa keren kerennn
kerja ketawa ketemu kita kk klo klw knp kocak kok konten kpn krn kuat kurang kyk lagi lagu lah lain lakinya lancar
langsung lanjut lbh lebih lewat lg lgi lho liat lihat lo loh lu luar lucu lucunya lupa maaf mah maju makan makasih
makin maksud malah malam malem mama mamah mampir mana mancing mandi manis mantap mantul manusia mas masa masalah
masih masuk masya masyaallah mati mau mba mbak mending merdeka mereka mimpi min minta mirip mksh mna moga msh mulai
mulu mungkin naik nama namanya nangis nanti ngakak ngapain ngerti ngga nggak nggk nih nikah nonton ntar nunggu
nungguin nya nyanyi nyari nyesel om orang org pada padahal pagi paham pak pakai pake paling panas papa parah pas
pasti pdhl pengen pengin perempuan pergi pernah pertama pertamaa pertamax pgn pintar pinter ponakan punya pusing
rahayu rakyat ramai rame rasa rejeki rezeki ribet rindu rumah saat saja sakit salah salam salfok salken sama sampai
sampe sangat satu saya sayang sbg sblm sdh sebagai sebelum seberapa sebuah sedih sehat sehatt sejak sekali sekarang
sekolah selalu selamat selesai seluruh semangat semoga semua semuanya senang sendiri seneng seperti sepertinya
sering seru sesuai sgt siapa sih sini skrg slalu sllu sm smg smoga smua sngt soalnya sp spt suami suaminya
subhanallah sudah sudahlah suka sukses sumpah susah syantik tadi tahu takut tambah tanah tapi tau tdk teh telat
teman temen tempat tengah terbaik teriak terima terimakasih teringat ternyata terus tetap tetep tgl tiap tiba tidak
tiket tinggal tolong tp tpi trnyata trus ttp tua tuh tuhan tunggu turun turut uang udah udahan udh untuk utk
waalaikumsalam waduh wah wajah waktu wanita warga wkkw wkwk wkwkw wkwkwk wkwkwkwk wkwkwkwkwk wkwkwkwkwkwk woi woy
xixi ya yaa yaah yaallah yah yakin yang yaudah yg yok yuk yukk yuks
"""
_ENGLISH = """
about actually after again all also always am amazing an and any anyone are as at awesome back banger be beautiful
because been before being believe best better big birthday boy bro bruh but by came can cant channel check come
comment comments congrats congratulation congratulations cool could cute damn day did didnt do does doesnt done dont
down dude even ever every everyone fact favorite favourite feel first for from fun funny game get girl girls give go
god going gonna good gorgeous got gotta great guy guys had happy has have he hell hello help her here hes hey hi him
his hope how i if im in is isnt it its ive job just keep know last life like listen listening literally little lmao
lol long look looking looks love loved lovely loves made make man many masterpiece maybe me miss more morning most
much music my need never new nice night no nope not nothing now of old omg on one only or our out people perfect
play played playing please pretty probably real really remember right sad said say see seen she shes shit should so
some someone something song songs sorry start still stop stunning subscribe sweet than thank thanks that thats the
their them then there these they theyre think this those thought time to today tomorrow too true two
understand up us very vibes video videos wait waiting wanna want was watch watched watching way we were what whats
when where which who why will wish with wont work world would wow wrong yeah year years yep yes you
your youre
"""

_LEAST_SHARE = 1 / 6
"""Share of a comment's words that must be listed before its language is told."""


@cache
def _lists() -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    """Return the sorted numbers of the Indonesian and the English words (spelled as squeezing leaves them)."""
    indonesian, english = set(_INDONESIAN.split()), set(_ENGLISH.split())
    shared = indonesian & english
    return tuple(  # type: ignore[return-value]
        np.sort(np.array([number_of(w) for w in words - shared], dtype=np.uint64)) for words in (indonesian, english)
    )


def word_hits(words: Words) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return how many words of each text are Indonesian, and how many English, by the lists."""
    found = []
    for table in _lists():
        at = np.minimum(np.searchsorted(table, words.numbers), len(table) - 1)
        found.append(words.sum_by_text(table[at] == words.numbers))
    return found[0], found[1]


def languages(text: Normalised, words: Words | None = None) -> npt.NDArray[np.int8]:
    """Return the code of each comment's language, an index into :data:`LANGUAGES`.

    Told from at least one listed word among six; ``mixed`` if
    there are words of both lists and neither has three times as many as the other.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from realreach.comment_text.normalise import normalise
    >>> texts = ["mantap bgt kak wkwk", "I love this song", "love banget kak this song", "かわいいですね", "🔥🔥"]
    >>> [LANGUAGES[code] for code in languages(normalise(pa.array(texts)))]
    ['id', 'en', 'mixed', 'other', 'undecided']
    """
    words = split_words(text.plain_points) if words is None else words
    indonesian, english = word_hits(words)
    kinds = characters()
    codes = text.folded_points.codes
    letters = text.folded_points.count(kinds.of("letter", codes))
    foreign = text.folded_points.count(kinds.of("foreign", codes))
    out = np.zeros(len(text), dtype=np.int8)
    most, least = np.maximum(indonesian, english), np.minimum(indonesian, english)
    # One listed word in a long comment may be a word of a third language that is spelled the same.
    heard = _LEAST_SHARE * np.diff(words.starts) <= most
    out[heard & (indonesian > english)] = 1
    out[heard & (english > indonesian)] = 2
    out[heard & (least > 0) & (most < 3 * least)] = 3
    out[2 * foreign > letters] = 4
    return out
