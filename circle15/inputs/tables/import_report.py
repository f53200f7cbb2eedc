"""The import report: a line for every value taken otherwise than it stands in its file, and for every row left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from circle15.said import Said

if TYPE_CHECKING:
    from collections.abc import Iterable

COLUMNS = ("file", "sheet", "row", "column", "original", "taken", "reason")

# Reason codes to their wording; `{detail}` is filled in from the change.
REASONS: dict[str, Said] = {
    # of a whole file
    "encoding": Said("文件按 {detail} 编码读取", "the file was read as {detail} text"),
    "encoding_corrected": Said(
        "声明的编码与内容不符，按 {detail} 读取",
        "the stated encoding does not fit; read as {detail}",
    ),
    "title_rows": Said("表头以上的行（标题、说明）未读取", "rows above the heading (title, remarks) were not read"),
    "two_row_heading": Said("两行表头合并为一行", "a heading of two rows was taken as one"),
    "system_stated": Said(
        "坐标按配置中的 {detail} 解释，而非文件自带坐标系",
        "coordinates taken as the config says, {detail}",
    ),
    "system_by_heading": Said(
        "坐标系未在配置中写明，按表头所写的 {detail}",
        "the config states no system for its coordinates; taken as the heading says, {detail}",
    ),
    "columns_chosen": Said(
        "坐标取自该列，另有坐标列未用：{detail}",
        "coordinates were taken from here; other columns of coordinates were not used: {detail}",
    ),
    "geometry_chosen": Said(
        "位置取自文件自带的几何图形，坐标列未用：{detail}（要用它们，请写 lon_field、lat_field）",
        "places are the file's own geometry, not its columns {detail} (say lon_field, lat_field to use them)",
    ),
    "system_by_zone": Said("东坐标带带号，按 {detail} 换算", "eastings begin with their zone; converted as {detail}"),
    "survey_axes": Said("测量坐标：X 为北、Y 为东", "survey axes: X is north, Y is east"),
    "inexact_datum": Said("坐标转换精度有限：{detail}", "the conversion is inexact: {detail}"),
    "columns_unread": Said(
        "以下列未识别，未使用：{detail}", "these columns were not recognised and not used: {detail}"
    ),
    "where_rows": Said("按 where 筛选，未采用的行数：{detail}", "rows that where leaves out: {detail}"),
    "where_unmatched": Said(
        "where 所列的值在表中没有；该列有：{detail}",
        "where names a value that no row has; the column has {detail}",
    ),
    # of a value
    "spaces": Said("去除多余空格、换行或不可见字符", "spaces, line breaks or invisible characters removed"),
    "merged_cell": Said("合并单元格，取其左上角的值", "a merged cell: the value of its top left corner"),
    "merged_amount": Said(
        "合并单元格中的数量只计入第 {detail} 行，本行按空值处理",
        "an amount in a merged cell: it counts in row {detail} alone; empty here",
    ),
    "full_width": Said("全角字符转为半角", "full-width characters"),
    "thousands": Said("去除千位分隔符", "thousands separators removed"),
    "comma_decimal": Said("小数点写成了逗号", "a comma stands for the decimal point"),
    "unit_in_cell": Said("去除单位“{detail}”", "the unit {detail!r} removed"),
    "unit_scaled": Said("按单位“{detail}”换算", "converted from the unit {detail!r}"),
    "approximate": Said("概数，取所写的数", "an approximate number: the number as written"),
    "remark": Said("去除括号内的备注", "the remark in brackets removed"),
    "chinese_number": Said("中文数字", "a number in Chinese characters"),
    "error_value": Said("Excel 错误值，按空值处理", "an error of Excel; taken as empty"),
    "formula": Said(
        "公式没有保存计算结果，按空值处理；请用 Excel 打开并另存",
        "a formula without a stored result; taken as empty; open and save the file in Excel",
    ),
    "date": Said("是日期而非数字，按空值处理", "a date, not a number; taken as empty"),
    "truth": Said("是逻辑值而非数字，按空值处理", "true or false, not a number; taken as empty"),
    "no_people": Said("没有人口数，按 0 人计", "no number of people; counted as nobody"),
    "code_as_number": Said("代码按数字存储，已还原", "a code that was stored as a number, written out"),
    "no_value": Said("表示“无数据”，按空值处理", "stands for no value; taken as empty"),
    "not_a_number": Said("不是数字，按空值处理", "not a number; taken as empty"),
    "range": Said("是区间而非一个数，按空值处理", "a range, not one number; taken as empty"),
    "negative": Said("不能为负，按空值处理", "cannot be negative; taken as empty"),
    "dms": Said("度分秒换算为十进制度", "degrees, minutes and seconds converted to decimal degrees"),
    "hemisphere": Said("去除方位或度符号", "the sign of degrees or hemisphere removed"),
    "pair_split": Said("一格内的经纬度已拆分", "longitude and latitude in one cell, split"),
    "pair_swapped": Said("一格内先纬度后经度，已对调", "latitude before longitude in one cell, put in order"),
    "quality_unclear": Said("无法判断是否优质，按空值处理", "does not say whether of quality; taken as empty"),
    "empty_is_no": Said(
        "该列只标注“是”，空格按“否”处理", "the column marks only those that are; empty was taken as no"
    ),
    "answer_to_heading": Said("按列名所问的是与否取值", "a yes or no, taken as the answer to the heading"),
    "z_dropped": Said("去除高程", "the heights were dropped"),
    "geometry_repaired": Said(
        "自相交的面已修复，面积变化 {detail}",
        "a self-crossing polygon was repaired; area changed by {detail}",
    ),
    "id_repeated": Said("编号重复，已加后缀", "the id stands in the file twice; a suffix was added"),
    "id_made_safe": Said("编号改为可作文件名的形式", "the id was made safe for file names"),
    # of a row that was put right
    "row_joined": Said(
        "该行多 {detail} 格：字段内的分隔符未加引号，已合并为一格",
        "more cells than the heading (by {detail}): a field holds a separator without quotation marks; joined",
    ),
    "row_short": Said(
        "该行缺末尾 {detail} 格，按空值处理",
        "fewer cells than the heading (by {detail}); the last ones taken as empty",
    ),
    # of a row left out
    "blank_rows": Said("空行", "blank rows"),
    "totals_row": Said("合计或小计行", "a row of totals"),
    "total_of_units": Said("各街道之和的合计行，未计入", "a total of the units; not counted itself"),
    "other_district": Said("不属于本区，未计入", "of another district; not counted"),
    "remark_row": Said("表末说明行", "a remark below the table"),
    "repeated_heading": Said("重复的表头行", "the heading, repeated"),
    "duplicate_row": Said("与第 {detail} 行完全相同", "the same as row {detail} in every column"),
    "no_coordinates": Said("没有坐标", "no coordinates"),
    "bad_coordinates": Said("坐标无法识别", "coordinates that cannot be read"),
    "swapped_coordinates": Said("经纬度似乎写反", "longitude and latitude look swapped"),
    "outside_system": Said("坐标超出所声明坐标系的范围", "coordinates outside what the stated system can hold"),
    "no_geometry": Said("没有几何图形", "no geometry"),
    "not_whole": Said("OSM 文件中的图形不完整，无法定位", "its outline is not whole in the OSM file"),
    "closed": Said("未营业：{detail}", "not open: {detail}"),
    "far_away": Said(
        "距研究范围 80 公里以上，坐标疑误",
        "more than 80 km from the study area: coordinates that are wrong, probably",
    ),
    # of rows kept
    "hidden_row": Said(
        "该行在 Excel 中被隐藏（筛选或手工），仍计入",
        "hidden in Excel by a filter or by hand; counted all the same",
    ),
    "near_duplicate": Said(
        "与 {detail} 同名且相距不足 100 米，两者均保留",
        "same name as {detail} within 100 m; both were kept",
    ),
    "other_street": Said("表中写“{detail}”，位置却不在其内", "the table says {detail!r}, but the place lies elsewhere"),
    "unknown_street": Said(
        "表中的街道“{detail}”不在本区名单内",
        "the table names {detail!r}, which is no unit of this district",
    ),
}  # fmt: skip

# Of these the row itself is out; of all others at most a value is another.
LEFT_OUT = frozenset({
    "blank_rows", "totals_row", "total_of_units", "other_district", "remark_row", "repeated_heading", "duplicate_row",
    "no_coordinates", "bad_coordinates",
    "swapped_coordinates", "outside_system", "no_geometry", "not_whole",
    "closed", "far_away",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the import report.

    `row` is as a spreadsheet shows it, None for the whole file; `taken` None with a reason of `LEFT_OUT` means that the
    row is out. `reason` is a key of `REASONS`.
    """

    file: str
    reason: str
    sheet: str | None = None
    row: int | None = None
    column: str | None = None
    original: str | None = None
    taken: str | None = None
    detail: str = ""

    @property
    def text(self) -> Said:
        """The reason in words."""
        return reason_text(self.reason, self.detail)


@dataclass(frozen=True, slots=True)
class DroppedFacility:
    """A facility that is in a file and not in the run, and why."""

    layer: str
    source: str  # "file.csv:12"
    name: str
    reason: str  # a key of REASONS
    detail: str = ""

    @property
    def text(self) -> Said:
        """The reason in words."""
        return reason_text(self.reason, self.detail)


def reason_text(reason: str, detail: Said | str = "") -> Said:
    """Word a reason code."""
    return REASONS[reason].format(detail=detail)


def changes_frame(changes: Iterable[Change]) -> pd.DataFrame:
    """Give the import report as a frame.

    Returns
    -------
    pandas.DataFrame
        Columns ``file, sheet, row, column, original, taken, reason``; `row` is Int64, text columns have "" where there
        is nothing to say, and the reason is `Said`. Rows stand in the files' own order.
    """
    rows = [(c.file, c.sheet or "", c.row, c.column or "", c.original or "", c.taken or "", c.text) for c in changes]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"row": "Int64"})
