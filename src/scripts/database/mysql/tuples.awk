# From a table's file in an archive, its columns and a tuple a line, to INSERT statements of about a megabyte, one a line. INTO is the
# table's quoted name. Between two of them it ends as failed once there is a file STOP.
BEGIN { ORS = "" }
NR == 1 { into = "INSERT INTO " ENVIRON["INTO"] " " $0 " VALUES "; next }
{
	if (size > 0 && size + length($0) > 1000000) {
		print ";\n"
		size = 0
		if ((getline word < ENVIRON["STOP"]) > 0) exit 1
	}
	print (size == 0 ? into : ",")
	print $0
	size += length($0) + 1
}
END { if (size > 0) print ";\n" }
