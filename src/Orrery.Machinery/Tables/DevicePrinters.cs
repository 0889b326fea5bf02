namespace Orrery.Machinery.Tables;

/// <summary>Devices, and claims on them.</summary>
internal static class DevicePrinters
{
    public static readonly TablePrinter Plain = new(
        [Columns.Name, Columns.Age],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            cells.Since(o.CreationTimestamp);
        });

    public static readonly TablePrinter ResourceClaim = new(
        [Columns.Name, Columns.Text("State", "How far the claim is."), Columns.Age],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            bool isAllocated = o.At("status", "allocation") is not null;
            string[] states =
            [
                .. o.IsDeleting ? (string[])["deleted"] : [],
                .. isAllocated ? (string[])["allocated"] : o.IsDeleting ? [] : ["pending"],
                .. isAllocated && o.Items("status", "reservedFor").Any() ? (string[])["reserved"] : [],
            ];
            cells.Text(string.Join(',', states));
            cells.Since(o.CreationTimestamp);
        });

    public static readonly TablePrinter ResourceSlice = new(
        [Columns.Name, Columns.Text("Node", "Where the devices are."), Columns.Text("Driver", "Who offers them."), Columns.Text("Pool", "What they are part of."), Columns.Age],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            cells.TextOr(o.TextAt("spec", "nodeName"), "<unset>");
            cells.Text(o.TextAt("spec", "driver"));
            cells.Text(o.TextAt("spec", "pool", "name"));
            cells.Since(o.CreationTimestamp);
        });
}
