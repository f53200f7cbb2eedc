"""What is wrong with a config is told in both languages, with what would be right."""

import re

import pytest

from circle15.config.model import load_config
from circle15.errors import ConfigError

GOOD = """
[district]
id = "a"
name = "甲"
boundary = "1,2,3,4"
[network]
source = "a.osm"
[population]
source = "buildings"
[[layer]]
id = "nursery"
name = "托育"
source = "a.csv"
minutes = 15
"""
FAULTS = {
    'id = "a"': [
        ("id = “a”", "“ 是中文引号"),
        ('id ＝ "a"', "＝ 是全角符号，应为半角 ="),
        ('id = "a', "引号没有成对|没有在本行成对"),
        ("id = a b", "文字须加英文双引号"),
        ('id = "a"\nid = "b"', "写了两次"),
        ('id = "A B"', "id 只能含 a-z"),
        ("id = 3", "应为文字"),
        ('id = "a"\nlang = "de"', "应为 'zh'、'en' 之一"),
        ('id = "a"\nnmae = "x"', "没有这个键；是否想写“name”"),
    ],
    "minutes = 15": [
        ("minutes = 0", "应大于 0"),
        ('minutes = "15"', "应为数字"),
        ("minutes = 15\nmetres = 1000", "二者择一"),
        ('minutes = 15\ngroup = "old"', "不在人群之列"),
        ('minutes = 15\nprofile = "old"', r"没有对应的 \[walk\.old\] 表"),
        ("minutes = 9999", "超过一天"),
        ('minutes = 15\ncrs = "utm"', "不认识的坐标系"),
        ("minutes = 15\nmin_count = 1.5", "应为整数"),
    ],
    'source = "a.osm"': [
        (r'source = "D:\data\a.osm"', "反斜杠须写成"),
        (r'source = "D:\x\a.osm"', "反斜杠须写成"),
        ("", "此键必填"),
    ],
}
CASES = [(old, new, told) for old, faults in FAULTS.items() for new, told in faults]


@pytest.mark.parametrize(("old", "new", "told"), CASES)
def test_a_fault_of_a_config_is_told_in_chinese_and_in_english(tmp_path, old, new, told):
    path = tmp_path / "c.toml"
    path.write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    chinese, english = ("\n".join(caught.value.in_(lang)) for lang in ("zh", "en"))
    assert re.search(told, chinese)
    assert re.search("[\u4e00-\u9fff]", english.replace("“", "")) is None
    assert english == str(caught.value)


@pytest.mark.parametrize(("encoding", "told"), [("gbk", "可能是 GBK"), ("utf-16", "不是 UTF-8")])
def test_a_config_in_another_encoding_is_told_and_a_mark_of_utf8_is_no_fault(tmp_path, encoding, told):
    path = tmp_path / "c.toml"
    path.write_text(GOOD + "# 中文\n", encoding=encoding)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert told in "\n".join(caught.value.in_("zh"))
    path.write_text(GOOD, encoding="utf-8-sig")
    assert load_config(path).district.id == "a"
